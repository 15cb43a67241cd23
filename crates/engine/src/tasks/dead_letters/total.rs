//! How many dead letters there are. Few are looked at one by one; of many the entries are counted, a thousand in a
//! call, where these tell what is asked for.

use super::{Candidate, LetterFilter, LetterPosition};
use crate::limits::{LETTER_LOOKS, LETTER_PAGE};
use crate::model::dead_letter::NAME_PREFIX;
use crate::model::stored::is_whole_code;
use crate::tasks::listing::ListError;
use crate::tasks::service::Tasks;

impl LetterFilter {
    /// Whether an entry tells all that is asked for: no text, and no code that may be cut there.
    fn is_told_by_entries(&self) -> bool {
        self.text.is_none() && self.code.as_deref().is_none_or(is_whole_code)
    }

    /// Whether an entry is of a letter that is wanted, where entries tell that.
    fn takes_entry(&self, entry: &Candidate) -> bool {
        let is_code = |wanted: &String| *wanted == entry.code();
        self.may_take(entry) && self.code.as_ref().is_none_or(is_code)
    }
}

impl Tasks {
    /// How many dead letters the filter takes. Beyond the first thousand those count as well whose entries have
    /// outlived them, which are few, unless a text is looked for: then each is read.
    ///
    /// # Errors
    ///
    /// As of [`dead_letters`](Self::dead_letters).
    pub async fn count_dead_letters(&self, filter: &LetterFilter) -> Result<usize, ListError> {
        let (mut count, mut position) = (0, None);
        loop {
            let page = self.dead_letters(filter, LETTER_LOOKS, position.as_ref());
            let page = page.await?;
            count += page.letters.len();
            let Some(next) = page.next else {
                return Ok(count);
            };
            if filter.is_told_by_entries() {
                let entries = self.count_entries(filter, Some(next), usize::MAX).await?;
                return Ok(count + entries.unwrap_or_default());
            }
            position = Some(next);
        }
    }

    /// The same by the entries alone, in so many calls at the most; `None` when they do not tell, or are too many.
    pub(super) async fn count_at_sight(
        &self,
        filter: &LetterFilter,
        calls: usize,
    ) -> Result<Option<usize>, ListError> {
        match filter.is_told_by_entries() {
            true => self.count_entries(filter, None, calls).await,
            false => Ok(None),
        }
    }

    async fn count_entries(
        &self,
        filter: &LetterFilter,
        position: Option<LetterPosition>,
        calls: usize,
    ) -> Result<Option<usize>, ListError> {
        let (mut at, after) = position.map_or((None, String::new()), |it| (it.page, it.after));
        let mut count = 0;
        for _ in 0..calls {
            let store = &self.parts.store;
            let page = store.list(NAME_PREFIX, at.as_deref(), LETTER_PAGE).await?;
            let rows = page.items.into_iter().filter_map(Candidate::of);
            for row in rows.filter(|row| row.text > after) {
                if filter
                    .failed_after
                    .is_some_and(|after| row.name.failed_at <= after)
                {
                    return Ok(Some(count));
                }
                count += usize::from(filter.takes_entry(&row));
            }
            match page.next {
                Some(next) => at = Some(next),
                None => return Ok(Some(count)),
            }
        }
        Ok(None)
    }
}
