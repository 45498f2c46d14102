//! Tests with names of their own: one behaviour multiplied by the backends that must show it.

use std::{fmt, future::Future, process::ExitCode};

use futures_util::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::Requirement;

/// A behaviour that every backend must show: a name that is a sentence, and an async function over a fixture.
pub struct Case<F> {
    /// The behaviour, as a sentence with underscores.
    pub name: &'static str,
    /// Shows it, or panics.
    pub run: fn(F) -> LocalBoxFuture<'static, ()>,
}

// By hand, because a case can be copied whatever its fixture is.
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

/// Lists async functions over a fixture as [`Case`]s named after them.
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

/// The trials `backend::case` for every case. Each gets a fixture of its own from `open`, called within the trial's runtime,
/// and may run at the same time as any other.
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

/// One test with a runtime of its own. When the machine misses something it needs, the test is skipped with the reason
/// printed, or fails where [`Requirement::is_enforced`].
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

/// Runs the trials as the arguments of the test process say; `main` of a test without the usual harness returns this.
#[must_use]
pub fn run(trials: Vec<Trial>) -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials).exit_code()
}
