//! What the machine itself does to whoever waits for a moment: a thread that has nothing to do but to wake up.

use std::time::{Duration, Instant};

/// Between two moments.
const STEP: Duration = Duration::from_millis(1);

/// How late it woke up, in ascending order.
pub struct Control(Vec<Duration>);

/// Wakes up each millisecond for so long, on the core that we have now.
pub fn wake(lasts: Duration) -> Control {
    let (began, mut late) = (Instant::now(), Vec::new());
    for nth in 1.. {
        let due = STEP * nth;
        if due > lasts {
            break;
        }
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        late.push(began.elapsed().saturating_sub(due));
    }
    late.sort_unstable();
    Control(late)
}

impl Control {
    /// So many of a thousand are not later.
    fn at(&self, thousandths: usize) -> f64 {
        let late = self.0.get(self.0.len() * thousandths / 1000).or(self.0.last()).copied().unwrap_or_default();
        late.as_secs_f64() * 1e3
    }
}

impl std::fmt::Display for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [median, p99, p999, worst] = [500, 990, 999, 1000].map(|thousandths| self.at(thousandths));
        write!(f, "median {median:.1} ms late, p99 {p99:.1}, p99.9 {p999:.1}, worst {worst:.1}")
    }
}
