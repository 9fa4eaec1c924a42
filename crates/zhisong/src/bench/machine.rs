//! What the operating system says of processes and of the machine.

use std::fs;

/// CPU seconds, user and system, that processes and their children have used so far.
pub(super) fn cpu_seconds(pids: &[u32]) -> f64 {
    pids.iter().map(|pid| own_cpu_seconds(*pid) + cpu_seconds(&children(*pid))).sum()
}

/// Resident memory of a process in bytes, now and at its most.
pub(super) fn memory_bytes(pid: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let figure = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kib.unwrap_or(0) * 1_024
    };
    (figure("VmRSS:"), figure("VmHWM:"))
}

/// Cores and memory of this machine, for the reader of a figure.
pub(super) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = kib.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    format!("{cores} cores, {} GiB", kib.unwrap_or(0) / (1 << 20))
}

/// proc(5), /proc/pid/stat: fields 14 and 15 are clock ticks; the name in field 2 may hold blanks.
fn own_cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    let used = ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0);
    used / rustix::param::clock_ticks_per_second() as f64
}

fn children(pid: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let listed = listed.unwrap_or_default();
    listed.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
