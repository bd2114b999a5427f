//! What a process uses, as the system counts it.

use std::time::Duration;

/// Ticks a second in which Linux counts processor time for `/proc`, on every architecture.
const TICKS: f64 = 100.0;

/// Processor time of a process since its start, or of its first thread alone; none where the system does not tell.
pub fn time(pid: u32, first_thread: bool) -> Option<Duration> {
    let path = if first_thread { format!("/proc/{pid}/task/{pid}/stat") } else { format!("/proc/{pid}/stat") };
    let fields = fields(&path)?;
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_secs_f64(ticks as f64 / TICKS))
}

/// Processor time of a process, of its children that have ended, and of those that live.
pub fn family(pid: u32) -> Option<Duration> {
    let own = fields(&format!("/proc/{pid}/stat"))?;
    let mut sum: u64 = own.get(11..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    for entry in processes.filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok()) {
        let Some(other) = fields(&entry.path().join("stat").to_string_lossy()) else { continue };
        if other.get(1).is_some_and(|parent| *parent == pid.to_string()) {
            sum += other.get(11..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
        }
    }
    Some(Duration::from_secs_f64(sum as f64 / TICKS))
}

/// The fields of a `stat` file behind the name, which stands in brackets and may hold anything.
fn fields(path: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
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
