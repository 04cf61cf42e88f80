use std::fmt;

use zeroize::Zeroize;

/// Holds a value that may be used but not shown: its `Debug` prints a placeholder. Its memory is overwritten at its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Redacted<T: Zeroize>(pub T);

impl<T: Zeroize> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Zeroize> Drop for Redacted<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
