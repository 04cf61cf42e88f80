//! Sound does not wait: what makes and hears it here goes before the machine's other work.

/// This thread, and the programs that it starts from now on. Where that is not allowed, figures show what else the machine does.
pub fn before_others() {
    // SAFETY: it takes no pointer; 0 is the thread that calls (setpriority(2)).
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -15) };
}
