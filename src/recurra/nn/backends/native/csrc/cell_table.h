// The table of cells: what callers of a kernel have to know of its cell. The module gives it to Python as `cells`.
//
// Its rows are in the order of `Cell`, and a cell's number in Python is its place here. cells.h has the equations and
// checks that each of them agrees with its row.
#pragma once

namespace recurra {

enum class Cell { rnn_tanh, rnn_relu, gru, lstm };

struct CellRow {
    const char* name;
    int gates;                     // G, of weights [G·H, I] and [G·H, H]
    const char* states[2];         // what a step hands to the next; null after the last
    bool separate_recurrent_bias;  // b_hh has a place of its own in the equations: b_ih + b_hh would not do for both
};

constexpr CellRow CELLS[] = {
    {"rnn_tanh", 1, {"h"}, false},
    {"rnn_relu", 1, {"h"}, false},
    {"gru", 3, {"h"}, true},
    {"lstm", 4, {"h", "c"}, false},
};

constexpr const CellRow& row_of(Cell cell) { return CELLS[static_cast<int>(cell)]; }

}  // namespace recurra
