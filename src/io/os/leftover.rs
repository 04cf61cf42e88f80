//! What the start and the set-up of a call took of the program's code, and nobody needs any more.

use std::ops::Range;
use std::time::Duration;

/// A call is set up well within it; what is needed all the time is back in memory after a few microseconds.
const EVERY: Duration = Duration::from_secs(5);

/// Gives it back again and again, for as long as it is polled.
pub async fn stay_small() {
    loop {
        tokio::time::sleep(EVERY).await;
        give_back_leftover();
    }
}

/// Libraries that the program was linked with: they stay where they are for as long as it runs, as it does itself. What is loaded while it runs (plug-ins
/// of ALSA, of name look-ups) may be unloaded by another thread between two looks, and something else be there.
const LINKED: [&str; 5] = ["ld-linux", "libasound.so.", "libc.so.", "libgcc_s.so.", "libm.so."];

/// The program and its libraries as they are on disk, where they cannot be written and nothing of them was changed: where the process looks again, the same is
/// there. The system keeps their pages for as long as it has room, and no longer counts them as this process's. What a debugger has written into code
/// stays.
///
/// Says how many octets were mapped so.
fn give_back_leftover() -> usize {
    let (Ok(maps), Ok(program)) = (std::fs::read_to_string("/proc/self/smaps"), std::fs::read_link("/proc/self/exe"))
    else {
        return 0;
    };
    let given = unchanged(&maps, &program.to_string_lossy()).into_iter().filter(give_back);
    given.map(|range| range.len()).sum()
}

fn give_back(range: &Range<usize>) -> bool {
    // SAFETY: the range is mapped from the file of the program or of a library that it is linked with, which nobody unmaps while it runs; it is not
    // writable and never was, and no page of it, in memory or swapped out, differs from the file (`unchanged`). What is dropped is read anew from there with
    // the next access (madvise(2), MADV_DONTNEED).
    unsafe { libc::madvise(range.start as *mut libc::c_void, range.len(), libc::MADV_DONTNEED) == 0 }
}

/// Of proc_pid_smaps(5): mappings of what is never unmapped, private and never writable, without a page that became the process's own.
fn unchanged(maps: &str, program: &str) -> Vec<Range<usize>> {
    let mut of_file = None;
    let mut found = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("Anonymous:" | "Swap:"), Some(kilobytes)) => of_file = of_file.filter(|_| kilobytes == "0"),
            // The last line of each. `ac`: what could be written is accounted for, as what the loader relocated was once.
            (Some("VmFlags:"), _) => found.extend(of_file.take().filter(|_| !line.split(' ').any(|flag| flag == "ac"))),
            (Some(range), Some(_)) if !range.ends_with(':') => of_file = file(line, program),
            _ => {}
        }
    }
    found
}

/// `55d0c0a00000-55d0c1000000 r-xp 00800000 fe:00 1234  /usr/bin/sottovoce`
fn file(line: &str, program: &str) -> Option<Range<usize>> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let is_fixed = matches!(words.next()?, "r-xp" | "r--p");
    let path = line.find('/').and_then(|at| line.get(at..))?;
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let stays = path == program || LINKED.iter().any(|linked| name.starts_with(linked));
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    (is_fixed && stays).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "/usr/bin/sottovoce";
    const MAPS: &str = "\
        1000-3000 r--p 00000000 fe:00 77    /usr/bin/sottovoce\nRss: 8 kB\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd mr mw me sd \n\
        3000-6000 r-xp 00002000 fe:00 77    /usr/bin/sottovoce\nRss: 12 kB\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd ex \n\
        6000-7000 r--p 00005000 fe:00 77    /usr/bin/sottovoce\nRss: 0 kB\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd mr mw me ac sd \n\
        7000-8000 rw-p 00006000 fe:00 77    /usr/bin/sottovoce\nRss: 4 kB\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd wr \n\
        8000-9000 rw-p 00000000 00:00 0     [heap]\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd wr \n\
        9000-a000 r--s 00000000 fe:00 99    /home/alice/sottovoce.db-shm\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd \n\
        a000-b000 r--p 00000000 00:00 0     [vvar]\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd \n\
        b000-c000 r-xp 00000000 00:00 0     [vdso]\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd \n\
        c000-d000 r--p 00000000 00:00 0\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd \n\
        d000-e000 r-xp 00000000 fe:00 78    /usr/lib/x86_64-linux-gnu/libc.so.6\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd ex \n\
        e000-f000 r-xp 00000000 fe:00 79    /usr/lib/alsa-lib/libasound_module_pcm_pulse.so\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd ex \n\
        f000-10000 r--p 00000000 fe:00 80    /etc/ld.so.cache\nAnonymous:   0 kB\nSwap: 0 kB\nVmFlags: rd \n";

    #[test]
    fn only_what_is_as_in_its_file_never_changes_and_never_goes_is_given_back() {
        assert_eq!(unchanged(MAPS, PROGRAM), [0x1000..0x3000, 0x3000..0x6000, 0xd000..0xe000]);
        assert_eq!(unchanged(MAPS, "/usr/bin/other"), [Range { start: 0xd000, end: 0xe000 }]);
    }

    #[test]
    fn a_breakpoint_in_the_code_keeps_it_in_memory_or_swapped_out() {
        for (what, is) in
            [("Anonymous:   0", "Anonymous:   4"), ("Anonymous:   0 kB\nSwap: 0", "Anonymous:   0 kB\nSwap: 4")]
        {
            let broken = MAPS.replacen(&format!("Rss: 12 kB\n{what}"), &format!("Rss: 12 kB\n{is}"), 1);
            assert_ne!(broken, MAPS);
            assert_eq!(unchanged(&broken, PROGRAM), [0x1000..0x3000, 0xd000..0xe000]);
        }
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        for maps in [
            "",
            "VmFlags: rd",
            "zz-1 r-xp 0 fe:00 7 /a\nVmFlags: rd",
            "1000 r-xp\nVmFlags: rd",
            "1-2 r-xp 0 fe:00 7 /a/libc.so.6",
            "\u{e9}",
        ] {
            assert!(unchanged(maps, PROGRAM).is_empty(), "{maps}");
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
        let program = std::fs::read_link("/proc/self/exe").unwrap();
        let program = program.to_str().unwrap();
        maps.lines().find(|line| file(line, program).is_some_and(|range| range.contains(&address))).unwrap().to_owned()
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
