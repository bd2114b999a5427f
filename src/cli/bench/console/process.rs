//! What a process uses, as the system counts it.

use std::time::Duration;

/// Ticks a second in which Linux counts processor time for `/proc`, on every architecture.
const TICKS: f64 = 100.0;

/// Processor time of a process since its start, or of its first thread alone; none where the system does not tell.
pub fn time(pid: u32, first_thread: bool) -> Option<Duration> {
    let path = if first_thread { format!("/proc/{pid}/task/{pid}/stat") } else { format!("/proc/{pid}/stat") };
    let text = std::fs::read_to_string(path).ok()?;
    // The name stands in brackets and may hold anything.
    let behind = text.rsplit_once(')')?.1;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_secs_f64(ticks as f64 / TICKS))
}

/// Memory that it holds now, in bytes.
pub fn memory(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let pid = std::process::id();
        assert!(memory(pid).is_some_and(|bytes| bytes > 1_000_000));
        assert!(time(pid, false) >= time(pid, true));
    }
}
