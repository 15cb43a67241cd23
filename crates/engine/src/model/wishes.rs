//! What a client says of its task beside the work.

use crate::model::labels::Labels;
use crate::model::start::Start;

/// When the task is to begin, and what it is called. Most clients say neither, and a submission, which is moved
/// from hand to hand, carries a word for it.
#[derive(Clone, Debug, Default)]
pub struct Wishes(Option<Box<(Start, Labels)>>);

impl Wishes {
    /// Of a client that says so.
    pub fn new(start: Start, labels: Labels) -> Self {
        let is_any = start != Start::AtOnce || !labels.is_empty();
        Self(is_any.then(|| Box::new((start, labels))))
    }

    /// When it may begin.
    pub fn start(&self) -> Start {
        self.0.as_ref().map_or(Start::AtOnce, |wishes| wishes.0)
    }

    /// What it is called.
    pub fn labels(&self) -> Labels {
        let labels = self.0.as_ref().map(|wishes| wishes.1.clone());
        labels.unwrap_or_default()
    }

    /// What tells them from others where two submissions are compared; empty for most.
    pub(crate) fn text(&self) -> String {
        let labels = self.labels();
        let labels = labels.joined().map(|labels| ["\nlabels ", labels].concat());
        self.start().text() + &labels.unwrap_or_default()
    }
}
