//! What a client says of its task beside the work.

use crate::model::labels::Labels;
use crate::model::start::Start;

/// When the task is to begin, what it is called, and where its end is told. Most clients say none of it, and a
/// submission, which is moved from hand to hand, carries a word for it.
#[derive(Clone, Debug, Default)]
pub struct Wishes(Option<Box<Wished>>);

#[derive(Clone, Debug, Default)]
struct Wished {
    start: Start,
    labels: Labels,
    callback_url: Option<Box<str>>,
}

impl Wishes {
    /// Of a client that says when, and how.
    pub fn new(start: Start, labels: Labels) -> Self {
        let is_any = start != Start::AtOnce || !labels.is_empty();
        Self(is_any.then(|| {
            Box::new(Wished {
                start,
                labels,
                callback_url: None,
            })
        }))
    }

    /// The same of one that wants to be told of the end there.
    #[must_use]
    pub fn told_at(self, url: impl Into<Box<str>>) -> Self {
        let mut wished = self.0.unwrap_or_default();
        wished.callback_url = Some(url.into());
        Self(Some(wished))
    }

    /// When it may begin.
    pub fn start(&self) -> Start {
        self.0.as_ref().map_or(Start::AtOnce, |wished| wished.start)
    }

    /// What it is called.
    pub fn labels(&self) -> Labels {
        let labels = self.0.as_ref().map(|wished| wished.labels.clone());
        labels.unwrap_or_default()
    }

    /// Where its end is told.
    pub fn callback_url(&self) -> Option<&str> {
        self.0.as_ref()?.callback_url.as_deref()
    }

    /// What tells them from others where two submissions are compared; empty for most.
    pub(crate) fn text(&self) -> String {
        let labels = self.labels();
        let labels = labels.joined().map(|labels| ["\nlabels ", labels].concat());
        let url = self.callback_url();
        let url = url.map(|url| ["\ncallbackUrl ", url].concat());
        self.start().text() + &labels.unwrap_or_default() + &url.unwrap_or_default()
    }
}
