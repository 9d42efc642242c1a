// Work shared among threads. They are OpenMP's, as torch's are, so that the process has one team and one setting.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

#include "scan.h"

namespace recurra::RECURRA_ISA_NAME {

struct Team {
    Index rank, size;

    // This thread's share of `count` items is [begin, end).
    Index begin(Index count) const { return count * rank / size; }
    Index end(Index count) const { return count * (rank + 1) / size; }

    // Waits until all threads of the team have come here.
    void wait() const {
#ifdef _OPENMP
        if (size > 1) {
#pragma omp barrier
        }
#endif
    }
};

// Runs body(Team) on so many threads: in one parallel region, or in none for a single thread. Returns false and does
// nothing if OpenMP grants fewer threads (because of a limit, or inside another region).
template <class Body>
bool in_parallel(int threads, const Body& body) {
#ifdef _OPENMP
    if (threads > 1) {
        bool granted = false;
#pragma omp parallel num_threads(threads)
        if (omp_get_num_threads() == threads) {
            if (omp_get_thread_num() == 0) granted = true;
            body(Team{omp_get_thread_num(), threads});
        }
        return granted;
    }
#endif
    body(Team{0, 1});
    return threads == 1;
}

}  // namespace recurra::RECURRA_ISA_NAME
