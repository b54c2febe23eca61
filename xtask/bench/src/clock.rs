//! Processor time, and how long a thread had to wait for a processor.

use std::{fs, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// The processor time of this thread.
pub fn of_thread() -> Duration {
    read(ClockId::ThreadCPUTime)
}

/// The processor time of this process.
pub fn of_process() -> Duration {
    read(ClockId::ProcessCPUTime)
}

/// How long this thread was ready to run and did not: others had the processors. Zero where the kernel does
/// not tell.
pub fn waited() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn read(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The value in the middle; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this share of the others lies; 0 of none.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or(0.0)
}
