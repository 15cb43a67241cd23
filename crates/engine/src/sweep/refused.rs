//! Records that a sweep can do nothing about: storage refuses them, or they cannot be read. The others
//! must not wait for somebody to repair these.

use ports::StorageError;

/// How many there were, and why; told in one line, because it may be all of them.
#[derive(Default)]
pub(crate) struct Refused {
    count: usize,
    last: String,
}

impl Refused {
    /// Notes one more.
    pub(crate) fn add(&mut self, reason: String) {
        self.count += 1;
        self.last = reason;
    }

    /// Notes one more, unless trying again can help: then the sweep breaks off, and the next one goes
    /// on there.
    pub(crate) fn unless_passing(&mut self, error: StorageError) -> Result<(), StorageError> {
        if error.is_transient() {
            return Err(error);
        }
        self.add(error.to_string());
        Ok(())
    }

    /// Tells of them, if there were any.
    pub(crate) fn report(self, done: &str) {
        let Self { count, last } = self;
        if count > 0 {
            log::warn!("{count} records cannot be {done}, the last because: {last}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_not_passed_over() {
        let mut refused = Refused::default();
        let away = StorageError::transient("delete record", "no answer");
        assert_eq!(refused.unless_passing(away.clone()), Err(away));
        let locked = StorageError::permanent("delete record", "locked");
        assert_eq!(refused.unless_passing(locked), Ok(()));
        assert_eq!(refused.count, 1);
    }
}
