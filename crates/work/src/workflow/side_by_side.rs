//! Steps side by side: all of them, or whichever is first.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

/// What came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first future.
    First(A),
    /// The second future.
    Second(B),
}

/// Waits for all of them, and gives what they gave, in their order. For many calls of the same kind
/// [`Flow::all`](super::Flow::all) is cheaper.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    enum Joined<F: Future> {
        Waiting(Pin<Box<F>>),
        Done(Option<F::Output>),
    }

    let futures = futures.into_iter();
    let mut joined: Vec<_> = futures
        .map(|future| Joined::Waiting(Box::pin(future)))
        .collect();
    poll_fn(move |cx| {
        let mut are_done = true;
        for one in &mut joined {
            if let Joined::Waiting(future) = one {
                match future.as_mut().poll(cx) {
                    Poll::Ready(output) => *one = Joined::Done(Some(output)),
                    Poll::Pending => are_done = false,
                }
            }
        }
        if !are_done {
            return Poll::Pending;
        }
        let outputs = joined.iter_mut().filter_map(|one| match one {
            Joined::Done(output) => output.take(),
            Joined::Waiting(_) => None,
        });
        Poll::Ready(outputs.collect())
    })
    .await
}

/// Waits for whichever comes first, and drops the other; of two that are there, it is the first. What has
/// to go on is handed in by reference: `select(&mut approval, flow.sleep(day))`.
pub async fn select<A: Future, B: Future>(first: A, second: B) -> Either<A::Output, B::Output> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| {
        if let Poll::Ready(output) = first.as_mut().poll(cx) {
            return Poll::Ready(Either::First(output));
        }
        second.as_mut().poll(cx).map(Either::Second)
    })
    .await
}
