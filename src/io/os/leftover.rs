//! What the start and the set-up of a call took of the program's code, and nobody needs any more.

use std::ops::Range;
use std::time::Duration;

/// A call is set up well within it; what is needed all the time is back in memory after a few microseconds.
const EVERY: Duration = Duration::from_secs(10);

/// Gives it back again and again, for as long as it is polled.
pub async fn stay_small() {
    loop {
        tokio::time::sleep(EVERY).await;
        give_back_leftover();
    }
}

/// Files as they are on disk, of which the process may change nothing and has changed nothing: where it looks again, the same is there. The system
/// keeps their pages for as long as it has room, and no longer counts them as this process's. What a debugger has written into code stays.
///
/// Says how many octets were mapped so.
fn give_back_leftover() -> usize {
    let Ok(maps) = std::fs::read_to_string("/proc/self/smaps") else { return 0 };
    let given = unchanged(&maps).into_iter().filter(give_back);
    given.map(|range| range.len()).sum()
}

fn give_back(range: &Range<usize>) -> bool {
    // SAFETY: the range is mapped from a file, not writable, and no page of it differs from the file (`unchanged`): what is dropped is read anew
    // from there with the next access (madvise(2), MADV_DONTNEED). Where it is mapped no longer the call fails.
    unsafe { libc::madvise(range.start as *mut libc::c_void, range.len(), libc::MADV_DONTNEED) == 0 }
}

/// Of proc_pid_smaps(5): mappings of files, private and not writable, without a page that became the process's own.
fn unchanged(maps: &str) -> Vec<Range<usize>> {
    let mut of_file = None;
    let mut found = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("Anonymous:"), Some(kilobytes)) => found.extend(of_file.take().filter(|_| kilobytes == "0")),
            (Some(range), Some(_)) if !range.ends_with(':') => of_file = file(line),
            _ => {}
        }
    }
    found
}

/// `55d0c0a00000-55d0c1000000 r-xp 00800000 fe:00 1234  /usr/bin/sottovoce`
fn file(line: &str) -> Option<Range<usize>> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let is_fixed = matches!(words.next()?, "r-xp" | "r--p");
    let is_file = words.nth(2)? != "0" && words.next()?.starts_with('/');
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    (is_fixed && is_file).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
        1000-3000 r--p 00000000 fe:00 77    /usr/bin/sottovoce\nRss: 8 kB\nAnonymous:   0 kB\nVmFlags: rd mr mw me sd\n\
        3000-6000 r-xp 00002000 fe:00 77    /usr/bin/sottovoce\nRss: 12 kB\nAnonymous:   0 kB\nVmFlags: rd ex\n\
        6000-7000 r--p 00005000 fe:00 77    /usr/bin/sottovoce\nRss: 4 kB\nAnonymous:   4 kB\n\
        7000-8000 rw-p 00006000 fe:00 77    /usr/bin/sottovoce\nRss: 4 kB\nAnonymous:   0 kB\n\
        8000-9000 rw-p 00000000 00:00 0     [heap]\nAnonymous:   0 kB\n\
        9000-a000 r--s 00000000 fe:00 99    /home/alice/sottovoce.db-shm\nAnonymous:   0 kB\n\
        a000-b000 r--p 00000000 00:00 0     [vvar]\nAnonymous:   0 kB\n\
        b000-c000 r-xp 00000000 00:00 0     [vdso]\nAnonymous:   0 kB\n\
        c000-d000 r--p 00000000 00:00 0\nAnonymous:   0 kB\n\
        d000-e000 r-xp 00000000 fe:00 78    /usr/lib/lib with space.so (deleted)\nAnonymous:   0 kB\n";

    #[test]
    fn only_what_is_as_in_its_file_and_cannot_change_is_given_back() {
        assert_eq!(unchanged(MAPS), [0x1000..0x3000, 0x3000..0x6000, 0xd000..0xe000]);
    }

    #[test]
    fn a_breakpoint_in_the_code_keeps_it() {
        let broken = MAPS.replacen("Rss: 12 kB\nAnonymous:   0 kB", "Rss: 12 kB\nAnonymous:   4 kB", 1);
        assert_eq!(unchanged(&broken), [0x1000..0x3000, 0xd000..0xe000]);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        for maps in
            ["", "Anonymous: 0 kB", "zz-1 r-xp 0 fe:00 7 /a\nAnonymous: 0 kB", "1000 r-xp\nAnonymous: 0 kB", "\u{e9}"]
        {
            assert!(unchanged(maps).is_empty(), "{maps}");
        }
    }

    /// Pages of our code that are in memory as ours, by the system.
    fn code() -> usize {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let here = code as *const () as usize;
        let (_, ours) = maps.split_at(maps.find(&line_of(&maps, here)).unwrap());
        let rss = ours.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
        rss.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn line_of(maps: &str, address: usize) -> String {
        maps.lines().find(|line| file(line).is_some_and(|range| range.contains(&address))).unwrap().to_owned()
    }

    #[test]
    fn after_it_less_of_the_code_is_in_memory_and_all_of_it_goes_on() {
        let before = code();
        let given = give_back_leftover();
        let after = code();
        assert!(after < before, "{before} kB of code, then {after}");
        assert!(given > before << 10, "{given} octets");
    }
}
