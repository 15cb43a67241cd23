//! The query of the sample's status endpoint: what it wants of a task that has ended, and of one that has not.

use crate::api::edge::problem::{Code, Problem};

/// What is wanted of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OnComplete {
    /// To be led to it.
    #[default]
    Redirect,
    /// The result itself.
    Stream,
}

/// What is wanted while there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OnPending {
    /// To be told so.
    #[default]
    Ok,
    /// To wait for it.
    Synchronous,
}

/// The query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) on_complete: OnComplete,
    pub(super) on_pending: OnPending,
}

impl Asked {
    /// Reads a query, in which names and values are in any case, as ASP.NET has the names. What is not known is
    /// passed over, as the sample does.
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| Problem::new(Code::InvalidQuery, "the query cannot be read"))?;
        let (mut on_complete, mut on_pending) = (None, None);
        for (name, value) in pairs {
            if name.eq_ignore_ascii_case("OnComplete") {
                let values = [
                    ("Redirect", OnComplete::Redirect),
                    ("Stream", OnComplete::Stream),
                ];
                set(&mut on_complete, "OnComplete", &value, values)?;
            } else if name.eq_ignore_ascii_case("OnPending") {
                let values = [
                    ("OK", OnPending::Ok),
                    ("Synchronous", OnPending::Synchronous),
                ];
                set(&mut on_pending, "OnPending", &value, values)?;
            }
        }
        Ok(Self {
            on_complete: on_complete.unwrap_or_default(),
            on_pending: on_pending.unwrap_or_default(),
        })
    }
}

fn set<T>(
    parameter: &mut Option<T>,
    name: &str,
    value: &str,
    values: [(&str, T); 2],
) -> Result<(), Problem> {
    let [(one, _), (other, _)] = &values;
    let detail = format!("{name} must be {one} or {other}");
    let mut values = values.into_iter();
    let Some((_, read)) = values.find(|(known, _)| known.eq_ignore_ascii_case(value)) else {
        return Err(Problem::new(Code::InvalidQuery, detail).target(name));
    };
    if parameter.replace(read).is_some() {
        let detail = format!("{name} is there twice");
        return Err(Problem::new(Code::DuplicateParameter, detail).target(name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> (OnComplete, OnPending) {
        let asked = Asked::parse(query).unwrap();
        (asked.on_complete, asked.on_pending)
    }

    #[test]
    fn a_query_says_what_is_wanted_in_any_case() {
        let default = (OnComplete::Redirect, OnPending::Ok);
        for query in ["", "code=x&a", "OnComplete=Redirect&OnPending=OK"] {
            assert_eq!(read(query), default, "{query}");
        }
        let other = (OnComplete::Stream, OnPending::Synchronous);
        for query in [
            "OnComplete=Stream&OnPending=Synchronous",
            "onpending=SYNCHRONOUS&ONCOMPLETE=stream",
        ] {
            assert_eq!(read(query), other, "{query}");
        }
    }

    #[test]
    fn what_is_neither_is_refused_by_name() {
        for (query, refused) in [
            (
                "OnComplete=Later",
                "400 InvalidQuery: OnComplete must be Redirect or Stream",
            ),
            (
                "OnPending=",
                "400 InvalidQuery: OnPending must be OK or Synchronous",
            ),
            (
                "OnPending=OK&onpending=OK",
                "400 DuplicateParameter: OnPending is there twice",
            ),
        ] {
            assert_eq!(Asked::parse(query).unwrap_err().to_string(), refused);
        }
    }

    #[test]
    fn hostile_queries_are_refused_or_mean_something() {
        corpus::each_text(|text| {
            for query in [text, &format!("OnComplete={text}")] {
                if let Err(refused) = Asked::parse(query) {
                    assert!(refused.to_string().len() < 80, "{refused}");
                }
            }
        });
    }
}
