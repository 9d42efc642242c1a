// Work shared by threads: OpenMP's, which are torch's own, so that there is one team and one setting in the process.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

#include "scan.h"

namespace recurra::RECURRA_ISA_NAME {

struct Team {
    Index rank, size;

    // This thread's share of `count` things.
    Index begin(Index count) const { return count * rank / size; }
    Index end(Index count) const { return count * (rank + 1) / size; }

    // Wait until all threads of the team have come here.
    void wait() const {
#ifdef _OPENMP
        if (size > 1) {
#pragma omp barrier
        }
#endif
    }
};

// body(Team) in every thread of a team of so many: one parallel region, none for one thread. False, and nothing done,
// if OpenMP grants fewer (a limit, a region around this one).
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
