//! `cargo xtask ci`: all steps by name, and how long each took.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{Context, STEPS, command::Result};

/// Runs every step; the first that fails ends it.
pub(crate) fn run(context: &Context) -> Result<()> {
    let mut times = Vec::new();
    for step in &STEPS {
        println!("\n=== {} ===", step.name);
        let began = now();
        let outcome = (step.run)(context);
        times.push((step.name, began.elapsed()));
        if let Err(error) = outcome {
            println!("{}", table(&times));
            let name = step.name;
            return Err(format!("step {name}: {error}\nto repeat it alone: cargo xtask {name}").into());
        }
    }
    println!("{}", table(&times));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measures its own steps; no test depends on it")]
fn now() -> Instant {
    Instant::now()
}

fn table(times: &[(&str, Duration)]) -> String {
    let mut text = "\nstep       seconds".to_owned();
    for (name, time) in times {
        let _ = write!(text, "\n{name:<10} {:>7.1}", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| time).sum();
    let _ = write!(text, "\n{:<10} {:>7.1}", "together", total.as_secs_f64());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_the_times_up() {
        let text = table(&[("fmt", Duration::from_millis(1500)), ("test", Duration::from_secs(60))]);
        assert!(text.contains("fmt            1.5"), "{text}");
        assert!(text.contains("together      61.5"), "{text}");
    }
}
