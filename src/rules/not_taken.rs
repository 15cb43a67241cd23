//! Why a mail server did not take a mail, and what that means for the next attempt and for the log.

use std::error::Error;
use std::{fmt, io};

use lettre::transport::smtp;

/// Why a mail was not taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// By what the server said, or what stands between it and us.
    Smtp(smtp::Error),
    /// It was not found, or nobody listens there.
    NotReached(io::Error),
    /// It said nothing, for too long.
    Silent,
    /// Of so many at once it takes no more. Older servers say that as if it were for good (RFC 5321, section
    /// 4.5.3.1.10).
    TooMany(smtp::Error),
    /// It takes no addresses beyond ASCII.
    NoSuchAddress,
}

impl NotTaken {
    /// Whether it is of no use to try again.
    pub(super) fn is_for_good(&self) -> bool {
        match self {
            Self::Smtp(error) => error.is_permanent(),
            Self::NotReached(_) | Self::Silent | Self::TooMany(_) => false,
            Self::NoSuchAddress => true,
        }
    }

    /// Whether it is about one of those it is for, and the server may take it for others.
    pub(super) fn is_an_answer(&self) -> bool {
        match self {
            Self::Smtp(error) => error.status().is_some(),
            Self::NotReached(_) | Self::Silent => false,
            Self::TooMany(_) | Self::NoSuchAddress => true,
        }
    }

    /// Whether its source has words of the server's: an answer, or what was none. They may repeat what it was sent.
    pub(super) fn repeats(&self) -> bool {
        match self {
            Self::Smtp(error) | Self::TooMany(error) => {
                error.status().is_some() || error.is_response()
            }
            Self::NotReached(_) | Self::Silent | Self::NoSuchAddress => false,
        }
    }

    /// What lies behind it.
    pub(super) fn into_source(self) -> Option<Box<dyn Error + Send + Sync>> {
        match self {
            Self::Smtp(error) | Self::TooMany(error) => Some(error.into()),
            Self::NotReached(error) => Some(error.into()),
            Self::Silent | Self::NoSuchAddress => None,
        }
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = match self {
            Self::Smtp(error) | Self::TooMany(error) => error,
            Self::NotReached(_) => return f.write_str("the mail server was not reached"),
            Self::Silent => return f.write_str("the mail server did not answer"),
            Self::NoSuchAddress => {
                return f.write_str("the mail server takes no address beyond ASCII");
            }
        };
        match error.status() {
            Some(code) => write!(f, "the mail server answered {code}"),
            None if is_of_tls(error) => f.write_str(
                "no encryption could be agreed on with the mail server, or its certificate is not trusted",
            ),
            None if error.is_client() => {
                f.write_str("the mail server offers no STARTTLS, or no login that is known")
            }
            None => f.write_str("the mail server was not reached"),
        }
    }
}

fn is_of_tls(error: &smtp::Error) -> bool {
    let mut cause = error.source();
    while let Some(this) = cause {
        let io = this.downcast_ref::<io::Error>();
        if io
            .and_then(io::Error::get_ref)
            .is_some_and(|inner| inner.is::<rustls::Error>())
        {
            return true;
        }
        cause = this.source();
    }
    false
}
