//! Counts allocations per request. A program of its own, for counting them costs time.

use std::{alloc::System, process::ExitCode};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let counts = || {
        let stats = ALLOCATOR.stats();
        let count = stats.allocations + stats.reallocations;
        (count as u64, stats.bytes_allocated as u64)
    };
    match claviger_bench::allocations(counts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
