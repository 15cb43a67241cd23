//! Where the body of a request ends.

/// What is still to come of a body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    Chunked(Chunk),
    /// It is not framed as it says.
    Broken,
}

impl Body {
    pub(super) const CHUNKED: Self = Self::Chunked(Chunk::FirstDigit);

    /// How many of these bytes, which are next, belong to it. Of what breaks it, the first byte does:
    /// whoever reads it has to see that.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Length(left) => {
                let passes = bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= passes as u64;
                passes
            }
            Self::Chunked(chunk) => {
                let mut passes = 0;
                while passes < bytes.len() && *chunk != Chunk::End {
                    let Some((taken, next)) = chunk.next(&bytes[passes..]) else {
                        *self = Self::Broken;
                        return passes + 1;
                    };
                    passes += taken;
                    *chunk = next;
                }
                passes
            }
            Self::Broken => 0,
        }
    }

    /// Whether nothing of it is still to come.
    pub(super) fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Length(0) | Self::Chunked(Chunk::End) | Self::Broken
        )
    }
}

/// What is next of a chunked body (RFC 9112, section 7.1), in the steps of actix-http: what it takes
/// for the end has to be the end here, in what breaks the rules as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    FirstDigit,
    Digits(u64),
    Blanks(u64),
    Extension(u64),
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
    /// A trailer, or the end.
    EndCr,
    EndLf,
    Trailer,
    TrailerLf,
    End,
}

impl Chunk {
    /// How many of these bytes, of which there is one at least, make the step, and to where. None when
    /// the first one is wrong.
    fn next(self, bytes: &[u8]) -> Option<(usize, Self)> {
        use Chunk::*;
        let byte = *bytes.first()?;
        let next = match (self, byte) {
            (FirstDigit, _) => Digits(digit(byte)?),
            (Digits(size) | Blanks(size), b'\t' | b' ') => Blanks(size),
            (Digits(size) | Blanks(size), b';') => Extension(size),
            (Digits(size) | Blanks(size) | Extension(size), b'\r') => SizeLf(size),
            // The product ends with four zero bits.
            (Digits(size), _) => Digits(size.checked_mul(16)? + digit(byte)?),
            (Extension(size), b'\t' | b' '..=b'~' | 0x80..) => Extension(size),
            (SizeLf(0), b'\n') => EndCr,
            (SizeLf(size), b'\n') => Data(size),
            (Data(left), _) => {
                let taken = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                return Some(match left - taken as u64 {
                    0 => (taken, DataCr),
                    left => (taken, Data(left)),
                });
            }
            (DataCr, b'\r') => DataLf,
            (DataLf, b'\n') => FirstDigit,
            (EndCr, b'\r') => EndLf,
            (EndLf, b'\n') => End,
            (Trailer, b'\r') => TrailerLf,
            (EndCr | Trailer, _) => Trailer,
            (TrailerLf, b'\n') => EndCr,
            _ => return None,
        };
        Some((1, next))
    }
}

fn digit(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(16).map(u64::from)
}
