//! Which cases to run, and running them.

use std::ops::Range;

use anyhow::{Context as _, Result};

/// Which cases to run: so many usually, or as the environment says.
pub(crate) fn cases(usually: u64) -> Result<Range<u64>> {
    let said = |name: &str| match std::env::var(name) {
        Ok(text) => text.parse().map(Some).with_context(|| format!("{name} is no number: {text}")),
        Err(_) => Ok(None),
    };
    let first = said("POSTERN_FIRST")?.unwrap_or(0);
    Ok(first..first + said("POSTERN_CASES")?.unwrap_or(usually))
}

/// Runs each case, on as many threads as there are processors; tells of the first that fails.
pub(crate) fn each(name: &str, usually: u64, run: impl Fn(u64) -> Result<()> + Sync) -> Result<()> {
    let cases = cases(usually)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (first, step) = (cases.start, u64::try_from(threads)?);
    let begun = std::time::Instant::now();
    let failed: Vec<Result<()>> = std::thread::scope(|scope| {
        let (run, cases) = (&run, &cases);
        let work = move |thread: u64| {
            for number in (first + thread..cases.end).step_by(threads) {
                run(number).with_context(|| format!("{name}: POSTERN_FIRST={number} POSTERN_CASES=1 repeats it"))?;
                if number % 20_000 == 0 && number > first {
                    println!("{name}: case {number}");
                }
            }
            Ok(())
        };
        let threads: Vec<_> = (0..step).map(|thread| scope.spawn(move || work(thread))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    failed.into_iter().collect::<Result<()>>()?;
    println!("{name}: {} cases from {first} in {} s", cases.end - first, begun.elapsed().as_secs());
    Ok(())
}
