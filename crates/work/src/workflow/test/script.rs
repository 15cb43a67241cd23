//! What a test says of the steps of a workflow: what their calls give, and when.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use crate::workflow::StepError;
use crate::workflow::names::{Callee, Names, NoName, Which};

/// What a call gives for its input.
type Answer = Box<dyn FnMut(&RawValue) -> Result<Box<RawValue>, StepError> + Send>;

/// What calls give.
#[derive(Default)]
pub(super) struct Script {
    by_name: BTreeMap<Arc<str>, (Duration, Answer)>,
    names: BTreeMap<TypeId, Arc<str>>,
}

/// The names in a test.
pub(super) struct TestNames(BTreeMap<TypeId, Arc<str>>);

impl Script {
    /// Says what a callee gives, and after which time.
    pub(super) fn add<I: DeserializeOwned, O: Serialize>(
        &mut self,
        lasts: Duration,
        callee: &Callee<I, O>,
        mut answer: impl FnMut(I) -> Result<O, StepError> + Send + 'static,
    ) {
        let name = match callee.which() {
            Which::Named(name) => Arc::clone(name),
            Which::Made { of, type_name } => {
                let short = short(type_name);
                // Two types of one name are told apart.
                let name = match self.by_name.contains_key(short) && !self.names.contains_key(of) {
                    true => type_name,
                    false => short,
                };
                Arc::clone(self.names.entry(*of).or_insert_with(|| name.into()))
            }
        };
        let answer: Answer = Box::new(move |input| {
            let input = serde_json::from_str(input.get()).map_err(|error| {
                StepError::new(
                    StepError::INVALID_INPUT,
                    format!("its input is another: {error}"),
                )
            })?;
            to_raw_value(&answer(input)?).map_err(|error| {
                StepError::new(
                    StepError::INVALID_RESULT,
                    format!("its result is no JSON: {error}"),
                )
            })
        });
        self.by_name.insert(name, (lasts, answer));
    }

    /// What a call gives, and after which time; `None` when the test does not say.
    pub(super) fn answer(
        &mut self,
        name: &str,
        input: &RawValue,
    ) -> Option<(Duration, Result<Box<RawValue>, StepError>)> {
        let (lasts, answer) = self.by_name.get_mut(name)?;
        Some((*lasts, answer(input)))
    }

    pub(super) fn names(&self) -> Arc<TestNames> {
        Arc::new(TestNames(self.names.clone()))
    }
}

impl Names for TestNames {
    fn name_of(&self, made_of: TypeId) -> Result<Arc<str>, NoName> {
        let name = self.0.get(&made_of).ok_or(NoName::NotRegistered)?;
        Ok(Arc::clone(name))
    }
}

/// The name of a type without paths and parameters.
fn short(type_name: &str) -> &str {
    let path = type_name.split('<').next().unwrap_or(type_name);
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_without_its_path() {
        assert_eq!(short("shop::charge::Charge"), "Charge");
        assert_eq!(short("shop::Of<shop::Charge>"), "Of");
        assert_eq!(short("Charge"), "Charge");
    }
}
