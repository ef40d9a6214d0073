// Drives a Verilated chip (top module `network`) from C: Python calls these functions through
// ctypes and leaves the loops over steps and cycles here.
//
// A cycle is: inputs set, everything settled, outputs looked at, then the rising edge of the clock.
// A step begins with a pulse of `start` and ends in the cycle after `done` has shown in which
// `busy` is low. Words are int64, sign-extended from the chip's own widths.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "Vchip.h"
#include "verilated.h"
#include "verilated_syms.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

enum Ending : int32_t { FINE, STUCK, TOO_MANY, TOO_FEW, NO_MEMORY, NO_TRACE };

constexpr int RESET_CYCLES = 4;
constexpr int HOST_CYCLES = 64;  // longer than any word is on its way between host and memory
constexpr int BANKS = 4;
const char* const BANK_NAMES[BANKS] = {"u_weights", "u_x", "u_y", "u_units"};

int64_t extended(uint64_t raw, int bits) {
    return static_cast<int64_t>(raw << (64 - bits)) >> (64 - bits);
}

uint64_t masked(int64_t word, int bits) {
    return static_cast<uint64_t>(word) & (~uint64_t{0} >> (64 - bits));
}

template <typename Port, typename Value>
void set(Port& port, Value value) {
    port = static_cast<Port>(value);
}

// The array `words` of a memory, as the simulation holds it.
struct Memory {
    const void* words = nullptr;
    VerilatedVarType type = VLVT_UNKNOWN;
    int64_t depth = -1;
    int bits = 0;

    template <typename Word>
    void copy(int64_t address, int64_t count, int64_t* into) const {
        const Word* from = static_cast<const Word*>(words) + address;
        for (int64_t i = 0; i < count; ++i) into[i] = extended(from[i], bits);
    }
    bool peek(int64_t address, int64_t count, int64_t* into) const {
        if (address < 0 || count < 0 || address + count > depth) return false;
        switch (type) {
        case VLVT_UINT8: copy<uint8_t>(address, count, into); return true;
        case VLVT_UINT16: copy<uint16_t>(address, count, into); return true;
        case VLVT_UINT32: copy<uint32_t>(address, count, into); return true;
        case VLVT_UINT64: copy<uint64_t>(address, count, into); return true;
        default: return false;
        }
    }
};

}  // namespace

// Everything else stays inside the library, where the compiler may inline it.
#ifdef _WIN32
#define SEEN __declspec(dllexport)
#else
#define SEEN __attribute__((visibility("default")))
#endif

extern "C" {

// What `chip_steps` is to do, what it fills in, and how far it is: it returns now and then, and
// goes on where it was when it is called again. myhdl_core/library.py has the same fields.
struct Steps {
    int64_t count;          // steps in all
    const uint8_t* learn;   // [count] whether a step learns
    const int64_t* stream;  // [stream_words] inputs and targets of all steps
    int64_t stream_words;
    const uint8_t* offer;  // [offers] whether a word is offered in a cycle, over and over
    int64_t offers;        // 0: always
    int64_t outputs;       // words that a step puts out
    int64_t* out;          // [count][outputs]
    uint32_t* cycles;      // [count] what the chip's counter said
    uint32_t* busy;        // [count] in how many cycles `busy` was seen
    uint32_t* taken;       // [count] words taken from the stream
    int64_t ranges;
    const int64_t* range;  // [ranges][4] lane, bank, address, count: copied after every step
    int64_t* copies;       // [count][sum of the counts]
    int64_t changes_kept;
    uint32_t* changes;    // [changes_kept][3] step, cycle in it, phase from then on
    int64_t limit;        // a step of more cycles is stuck
    int64_t budget;       // cycles after which to return, at the end of a step
    int64_t done;         // steps done
    int64_t position;     // words taken from the stream
    int64_t offered;      // cycles counted along `offer`
    int64_t changes_seen; // changes of the phase, also those not kept
    int64_t copied;       // words in `copies`
};

struct Chip {
    VerilatedContext context;
    std::unique_ptr<Vchip> top;
#if VM_TRACE
    std::unique_ptr<VerilatedVcdC> trace;
#endif
    std::vector<Memory> memories;
    int lanes, word_bits, weight_bits;
    int64_t clock = 0;

    Chip(int lanes_, int word_bits_, int weight_bits_)
        : lanes{lanes_}, word_bits{word_bits_}, weight_bits{weight_bits_} {
        context.threads(1);
        context.traceEverOn(VM_TRACE);
        top = std::make_unique<Vchip>(&context);
        for (int lane = 0; lane < lanes; ++lane)
            for (int bank = 0; bank < BANKS; ++bank) memories.push_back(find(lane, bank));
        top->clk = 0;
        top->eval();
    }
    ~Chip() {
        // What is destroyed looks for its context among the thread's, not its own.
        Verilated::threadContextp(&context);
        top->final();
    }
    Chip* current() {
        Verilated::threadContextp(&context);
        return this;
    }

    Memory find(int lane, int bank) {
        const std::string place = "network.u_lane_" + std::to_string(lane) + "." + BANK_NAMES[bank];
        const VerilatedScope* scope = context.scopeFind(place.c_str());
        if (!scope) scope = context.scopeFind(("TOP." + place).c_str());
        const VerilatedVar* found = scope ? scope->varFind("words") : nullptr;
        if (!found || found->udims() != 1) return {};
        const int bits = bank == 0 ? weight_bits : word_bits;
        return {found->datap(), found->vltype(), found->elements(1), bits};
    }
    const Memory* memory(int64_t lane, int64_t bank) const {
        if (lane < 0 || lane >= lanes || bank < 0 || bank >= BANKS) return nullptr;
        const Memory& found = memories[lane * BANKS + bank];
        return found.words ? &found : nullptr;
    }

    void settle() {
        top->clk = 0;
        top->eval();
        dump(2 * clock);
    }
    void edge() {
        top->clk = 1;
        top->eval();
        dump(2 * clock + 1);
        ++clock;
    }
    void idle(int64_t cycles) {
        while (cycles-- > 0) settle(), edge();
    }
    void dump(uint64_t time) {
#if VM_TRACE
        if (trace) trace->dump(time);
#endif
    }

    void reset() {
        top->start = top->clear = top->in_valid = top->host_write = top->host_read = 0;
        top->reset = 1;
        idle(RESET_CYCLES);
        top->reset = 0;
        idle(1);
    }
    Ending clear(int64_t limit) {
        top->clear = 1;
        idle(1);
        top->clear = 0;
        idle(RESET_CYCLES);
        for (int64_t n = 0; n < limit; ++n) {
            settle();
            const bool busy = top->busy;
            edge();
            if (!busy) return FINE;
        }
        return STUCK;
    }

    void address(int64_t lane, int64_t bank, int64_t address) {
        set(top->host_lane, lane);
        set(top->host_bank, bank);
        set(top->host_address, address);
    }
    Ending write(int64_t lane, int64_t bank, int64_t first, int64_t count, const int64_t* words) {
        int64_t done = 0;
        top->host_write = 1;
        for (int64_t waited = 0; done < count && waited < HOST_CYCLES; ++waited) {
            address(lane, bank, first + done);
            set(top->host_data, masked(words[done], weight_bits));
            settle();
            if (top->host_ready) ++done, waited = -1;
            edge();
        }
        top->host_write = 0;
        idle(HOST_CYCLES);
        return done == count ? FINE : STUCK;
    }
    Ending read(int64_t lane, int64_t bank, int64_t first, int64_t count, int64_t* words) {
        int64_t got = 0, asked = 0;
        for (int64_t waited = 0; got < count && waited < HOST_CYCLES; ++waited) {
            top->host_read = asked < count;
            address(lane, bank, first + asked);
            settle();
            if (top->host_valid) words[got++] = extended(top->host_q, weight_bits), waited = -1;
            if (top->host_read && top->host_ready) ++asked;
            edge();
        }
        top->host_read = 0;
        return got == count ? FINE : STUCK;
    }

    bool peek_ranges(Steps& s) {
        for (int64_t i = 0; i < s.ranges; ++i) {
            const int64_t* r = s.range + 4 * i;
            const Memory* found = memory(r[0], r[1]);
            if (!found || !found->peek(r[2], r[3], s.copies + s.copied)) return false;
            s.copied += r[3];
        }
        return true;
    }

    // One step; what it puts out goes to row `s.done` of every array.
    Ending step(Steps& s) {
        const int64_t row = s.done, first = s.position;
        int64_t* const out = s.out + row * s.outputs;
        int64_t given = 0;
        uint32_t busy_cycles = 0;
        int64_t phase = -1;
        bool done = false;
        set(top->learn, s.learn[row]);
        top->start = 1;
        idle(1);
        top->start = 0;
        for (int64_t n = 0; n < s.limit; ++n) {
            const bool offered = s.position < s.stream_words
                                 && (s.offers == 0 || s.offer[s.offered++ % s.offers]);
            top->in_valid = offered;
            set(top->in_data, offered ? masked(s.stream[s.position], word_bits) : 0);
            settle();
            const bool busy = top->busy;
            if (busy) {
                if (phase != static_cast<int64_t>(top->phase)) {
                    phase = static_cast<int64_t>(top->phase);
                    if (s.changes_seen < s.changes_kept) {
                        uint32_t* const change = s.changes + 3 * s.changes_seen;
                        change[0] = static_cast<uint32_t>(row);
                        change[1] = busy_cycles;
                        change[2] = static_cast<uint32_t>(phase);
                    }
                    ++s.changes_seen;
                }
                ++busy_cycles;
            }
            if (offered && top->in_ready) ++s.position;
            if (top->out_valid) {
                if (given == s.outputs) return TOO_MANY;
                out[given++] = extended(top->out_data, word_bits);
            }
            done |= static_cast<bool>(top->done);
            s.cycles[row] = static_cast<uint32_t>(top->cycles);
            edge();
            if (done && !busy) {
                top->in_valid = 0;
                s.busy[row] = busy_cycles;
                s.taken[row] = static_cast<uint32_t>(s.position - first);
                return given == s.outputs ? FINE : TOO_FEW;
            }
        }
        top->in_valid = 0;
        return STUCK;
    }
    Ending steps(Steps& s) {
        const int64_t until = clock + s.budget;
        while (s.done < s.count && clock < until) {
            const Ending ending = step(s);
            if (ending != FINE) return ending;
            if (!peek_ranges(s)) return NO_MEMORY;
            ++s.done;
        }
        return FINE;
    }
};

SEEN Chip* chip_make(int32_t lanes, int32_t word_bits, int32_t weight_bits) {
    return new Chip(lanes, word_bits, weight_bits);
}
SEEN void chip_free(Chip* chip) { delete chip; }
SEEN void chip_reset(Chip* chip) { chip->current()->reset(); }
SEEN int32_t chip_clear(Chip* chip, int64_t limit) { return chip->current()->clear(limit); }
SEEN void chip_idle(Chip* chip, int64_t cycles) { chip->current()->idle(cycles); }
SEEN void chip_rate(Chip* chip, int64_t rate) { set(chip->top->rate, masked(rate, chip->word_bits)); }
SEEN int32_t chip_saturated(Chip* chip) { return chip->top->saturated; }
SEEN int64_t chip_clock(Chip* chip) { return chip->clock; }
SEEN int32_t chip_write(Chip* chip, int64_t lane, int64_t bank, int64_t address, int64_t count,
                        const int64_t* words) {
    return chip->current()->write(lane, bank, address, count, words);
}
SEEN int32_t chip_read(Chip* chip, int64_t lane, int64_t bank, int64_t address, int64_t count,
                  int64_t* words) {
    return chip->current()->read(lane, bank, address, count, words);
}
SEEN int64_t chip_depth(Chip* chip, int64_t lane, int64_t bank) {
    const Memory* found = chip->memory(lane, bank);
    return found ? found->depth : -1;
}
SEEN int32_t chip_peek(Chip* chip, int64_t lane, int64_t bank, int64_t address, int64_t count,
                  int64_t* words) {
    const Memory* found = chip->memory(lane, bank);
    return found && found->peek(address, count, words) ? FINE : NO_MEMORY;
}
SEEN int32_t chip_steps(Chip* chip, Steps* steps) { return chip->current()->steps(*steps); }

SEEN int32_t chip_trace(Chip* chip, const char* file, int32_t levels) {
#if VM_TRACE
    chip->trace = std::make_unique<VerilatedVcdC>();
    chip->top->trace(chip->trace.get(), levels);
    chip->trace->set_time_unit("1ns");
    chip->trace->set_time_resolution("1ns");
    chip->trace->open(file);
    return chip->trace->isOpen() ? FINE : NO_TRACE;
#else
    (void)chip, (void)file, (void)levels;
    return NO_TRACE;
#endif
}
SEEN void chip_trace_end(Chip* chip) {
#if VM_TRACE
    if (chip->trace) chip->trace->close();
    chip->trace.reset();
#else
    (void)chip;
#endif
}

}  // extern "C"
