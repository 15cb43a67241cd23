//! What a kind of work is: what it takes, what it gives, and how it is done.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Context, Failure, InvalidInput};

/// A kind of work that waits: for a database, another service, a file. It is async, and must not block;
/// what computes or blocks is a [`BlockingKind`].
///
/// Work may run more than once (delivery is at-least-once), so it must be safe to repeat. When an attempt
/// is stopped, its future is dropped after a while: it should watch
/// [`stopped`](Context::stopped) if it has something to put in order.
///
/// ```
/// use work::schemars::JsonSchema;
/// use work::{Context, Failure, InvalidInput, Kind};
///
/// /// Reads from the folder that it was made with.
/// struct WordCount {
///     folder: std::path::PathBuf,
/// }
///
/// #[derive(serde::Deserialize, JsonSchema)]
/// #[schemars(crate = "work::schemars")]
/// struct Input {
///     page: String,
/// }
///
/// #[derive(serde::Serialize, JsonSchema)]
/// #[schemars(crate = "work::schemars")]
/// struct Output {
///     words: usize,
/// }
///
/// impl Kind for WordCount {
///     type Input = Input;
///     type Output = Output;
///
///     fn check(&self, input: &Input) -> Result<(), InvalidInput> {
///         if input.page.contains(['/', '\\']) {
///             return Err(InvalidInput::new("page", "a page is in no other folder"));
///         }
///         Ok(())
///     }
///
///     async fn run(&self, input: Input, cx: &Context) -> Result<Output, Failure> {
///         let text = read(self.folder.join(input.page)).await?;
///         cx.check_stop()?;
///         if text.is_empty() {
///             return Err(Failure::permanent("EmptyPage", "the page has no words"));
///         }
///         Ok(Output { words: text.split_whitespace().count() })
///     }
/// }
/// # async fn read(_: std::path::PathBuf) -> std::io::Result<String> {
/// #     Ok("two words".to_owned())
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// #     let kind = WordCount { folder: "pages".into() };
/// #     let input = Input { page: "index".to_owned() };
/// #     assert!(kind.check(&input).is_ok());
/// #     let output = kind.run(input, &Context::for_test()).await;
/// #     assert!(output.is_ok_and(|output| output.words == 2));
/// # }
/// ```
pub trait Kind: Send + Sync + 'static {
    /// The client's input. What does not deserialize is refused with a 422 that names the field.
    type Input: DeserializeOwned + JsonSchema + Send;

    /// The result. A JSON object is merged into the reply of `GET /api/tasks/{id}`.
    type Output: Serialize + JsonSchema;

    /// Looks at an input before it is accepted, and again before each attempt.
    ///
    /// # Errors
    ///
    /// The kind does not take this input.
    fn check(&self, input: &Self::Input) -> Result<(), InvalidInput> {
        let _ = input;
        Ok(())
    }

    /// Does the work.
    ///
    /// # Errors
    ///
    /// Why there is no result; whether it is tried again is in the [`Failure`].
    fn run(
        &self,
        input: Self::Input,
        cx: &Context,
    ) -> impl Future<Output = Result<Self::Output, Failure>> + Send;
}

/// A kind of work that computes or blocks. It has a thread of its own while it lasts, one of as many as the
/// process computes side by side.
///
/// Work may run more than once (delivery is at-least-once), so it must be safe to repeat. A thread cannot
/// be taken away from it: when it lasts, it should ask [`check_stop`](Context::check_stop) now and then.
///
/// ```
/// use work::schemars::JsonSchema;
/// use work::{BlockingKind, Context, Failure};
///
/// struct Sum;
///
/// #[derive(serde::Deserialize, JsonSchema)]
/// #[schemars(crate = "work::schemars")]
/// struct Input {
///     addends: Vec<u32>,
/// }
///
/// impl BlockingKind for Sum {
///     type Input = Input;
///     type Output = u32;
///
///     fn is_quick(&self, input: &Input) -> bool {
///         input.addends.len() < 1_000
///     }
///
///     fn run(&self, input: Input, cx: &Context) -> Result<u32, Failure> {
///         let mut sum = 0_u32;
///         for addend in input.addends {
///             cx.check_stop()?;
///             sum = sum
///                 .checked_add(addend)
///                 .ok_or_else(|| Failure::permanent("TooLarge", "the sum is too large"))?;
///         }
///         Ok(sum)
///     }
/// }
///
/// let sum = Sum.run(Input { addends: vec![1, 2] }, &Context::for_test());
/// assert_eq!(sum.ok(), Some(3));
/// ```
pub trait BlockingKind: Send + Sync + 'static {
    /// The client's input. What does not deserialize is refused with a 422 that names the field.
    type Input: DeserializeOwned + JsonSchema + Send;

    /// The result. A JSON object is merged into the reply of `GET /api/tasks/{id}`.
    type Output: Serialize + JsonSchema;

    /// Looks at an input before it is accepted, and again before each attempt.
    ///
    /// # Errors
    ///
    /// The kind does not take this input.
    fn check(&self, input: &Self::Input) -> Result<(), InvalidInput> {
        let _ = input;
        Ok(())
    }

    /// Whether the work for this input takes microseconds and never blocks, so that handing it to a
    /// thread of its own would take longer than doing it.
    fn is_quick(&self, input: &Self::Input) -> bool {
        let _ = input;
        false
    }

    /// Does the work.
    ///
    /// # Errors
    ///
    /// Why there is no result; whether it is tried again is in the [`Failure`].
    fn run(&self, input: Self::Input, cx: &Context) -> Result<Self::Output, Failure>;
}
