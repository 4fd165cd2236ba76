// What the kernel's scheduler is told of a thread: who has to be on time, and who can wait. A refusal changes
// nothing that matters, so nobody hears of it.
#pragma once

namespace beastmark {

/// The calling thread gives way to others of its core: nice 10, or more where it had more. (Linux gives each
/// thread a nice value of its own, which threads that it makes begin with.)
void give_way() noexcept;

/// The calling thread works in short stretches and is to run as soon as it wakes: it asks for slices of 0.1
/// ms, which on Linux 6.12 and later lets it take the core from whoever has longer ones (sched_setattr(2),
/// sched_runtime of SCHED_OTHER; PREEMPT_SHORT of EEVDF). Its share of the core stays what it was.
void run_when_woken() noexcept;

} // namespace beastmark
