//! Tests with generated names: one behaviour for each of several backends.

use std::{fmt, future::Future, process::ExitCode};

use futures_util::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::Requirement;

/// A behaviour that every backend must have: a sentence as its name, and an async function of a fixture.
pub struct Case<F> {
    /// The behaviour, as a sentence with underscores.
    pub name: &'static str,
    /// Checks the behaviour; panics if it is violated.
    pub run: fn(F) -> LocalBoxFuture<'static, ()>,
}

// Implemented by hand, because a derive would require `F: Clone`.
impl<F> Clone for Case<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Case<F> {}

impl<F> fmt::Debug for Case<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// Turns async functions of a fixture into [`Case`]s with their names.
///
/// ```
/// use outrigger_testkit::{Case, cases};
///
/// async fn a_word_has_letters(word: String) {
///     assert!(!word.is_empty());
/// }
///
/// let cases: [Case<String>; 1] = cases![a_word_has_letters];
/// assert_eq!(cases[0].name, "a_word_has_letters");
/// ```
#[macro_export]
macro_rules! cases {
    ($($case:path),* $(,)?) => {
        [$($crate::Case {
            name: stringify!($case),
            run: |fixture| Box::pin($case(fixture)),
        }),*]
    };
}

/// Returns a trial `backend::case` for every case. Each trial gets its own fixture from `open`, which is called in the trial's
/// runtime. Trials may run in parallel.
pub fn conformance<F, Opened>(
    backend: &str,
    needs: &[Requirement],
    cases: &[Case<F>],
    open: impl Fn() -> Opened + Clone + Send + Sync + 'static,
) -> Vec<Trial>
where
    F: 'static,
    Opened: Future<Output = F> + 'static,
{
    let trial_of = |case: &Case<F>| {
        let (run, open) = (case.run, open.clone());
        let name = format!("{backend}::{}", case.name);
        trial(name, needs, move || async move { run(open().await).await })
    };
    cases.iter().map(trial_of).collect()
}

/// Creates a test with its own runtime. If the machine lacks a requirement, the test is skipped with a message, or fails if
/// [`Requirement::is_enforced`] returns `true`.
pub fn trial<Work>(
    name: impl Into<String>,
    needs: &[Requirement],
    work: impl FnOnce() -> Work + Send + 'static,
) -> Trial
where
    Work: Future<Output = ()>,
{
    let (name, needs) = (name.into(), needs.to_vec());
    let shown = name.clone();
    Trial::ignorable_test(name, move || {
        for need in needs {
            let Some(reason) = need.missing() else {
                continue;
            };
            if need.is_enforced() {
                return Err(Failed::from(reason));
            }
            eprintln!("skipped {shown}: {reason}");
            return Ok(Completion::ignored_with(reason));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        runtime.block_on(async move { work().await });
        Ok(Completion::Completed)
    })
}

/// Runs the trials according to the arguments of the test process. `main` of a test without the default harness returns the
/// result.
#[must_use]
pub fn run(trials: Vec<Trial>) -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials).exit_code()
}
