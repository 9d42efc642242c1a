// The table of cells: what callers of a kernel have to know of its cell. The module gives it to Python as `cells`.
//
// Its rows are in the order of `Cell`, and a cell's number in Python is its place here. cells.h has the equations, with
// layer_norm.h, and checks that each of them agrees with its row.
#pragma once

namespace recurra {

enum class Cell { rnn_tanh, rnn_relu, gru, lstm, rnn_tanh_norm, rnn_relu_norm, gru_norm, lstm_norm };

struct CellRow {
    const char* name;
    int gates;                     // G, of weights [G·H, I] and [G·H, H]
    const char* states[2];         // what a step hands to the next; null after the last
    bool separate_recurrent_bias;  // b_hh has a place of its own in the equations: b_ih + b_hh would not do for both
    bool normalized;               // its products with the weights, and c where it is output, are normalized
};

constexpr CellRow CELLS[] = {
    {"rnn_tanh", 1, {"h"}, false, false},
    {"rnn_relu", 1, {"h"}, false, false},
    {"gru", 3, {"h"}, true, false},
    {"lstm", 4, {"h", "c"}, false, false},
    {"rnn_tanh_norm", 1, {"h"}, false, true},
    {"rnn_relu_norm", 1, {"h"}, false, true},
    {"gru_norm", 3, {"h"}, true, true},
    {"lstm_norm", 4, {"h", "c"}, false, true},
};

constexpr const CellRow& row_of(Cell cell) { return CELLS[static_cast<int>(cell)]; }

}  // namespace recurra
