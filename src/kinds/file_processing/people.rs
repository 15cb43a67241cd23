//! Random data about people who do not exist, in the forms that R2's files have.

use time::OffsetDateTime;

use super::places::{CITIES, NATIONALITIES, STATES};
use super::random::Random;

/// The columns.
pub(super) const HEADER: [&str; 10] = [
    "pii_name",
    "pii_email",
    "pii_mobile",
    "attribute1",
    "attribute2",
    "attribute3",
    "attribute4",
    "attribute5",
    "attribute6",
    "attribute7",
];

const FIRST_NAMES: [&str; 40] = [
    "Ada", "Alan", "Amara", "Anton", "Barbara", "Ben", "Carla", "Chen", "Clara", "Daniel", "Diana",
    "Edgar", "Elena", "Emil", "Farah", "Felix", "Grace", "Hana", "Hugo", "Irma", "Ivan", "Jonas",
    "Julia", "Karim", "Laura", "Leon", "Maria", "Milan", "Nadia", "Noah", "Olga", "Oscar", "Paula",
    "Quentin", "Rosa", "Samuel", "Tara", "Victor", "Wanda", "Yusuf",
];

const LAST_NAMES: [&str; 40] = [
    "Abbott", "Adams", "Baker", "Barnes", "Bishop", "Carter", "Castro", "Chapman", "Dixon",
    "Ellis", "Fischer", "Foster", "Garcia", "Grant", "Harper", "Hayes", "Ingram", "Jensen",
    "Keller", "Kim", "Lambert", "Lopez", "Mason", "Meyer", "Nolan", "Olsen", "Parker", "Perez",
    "Quinn", "Reed", "Rivera", "Sato", "Schmidt", "Singh", "Turner", "Vargas", "Wagner", "Weber",
    "Young", "Zhang",
];

/// Domains that no mail reaches ([RFC 2606](https://www.rfc-editor.org/rfc/rfc2606)).
const DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];

/// With the sign U+2212, as R2 has it.
const BLOOD_TYPES: [&str; 8] = ["A+", "A−", "AB+", "AB−", "B+", "B−", "O+", "O−"];

/// The years 2000 to 2025 in seconds of Unix time. An end that moves would make other bytes of another
/// attempt.
const FROM: u64 = 946_684_800;
const TO: u64 = 1_767_225_600;

/// The values of one row.
pub(super) fn row(random: &mut Random) -> [String; 10] {
    let (first, last) = (random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES));
    [
        format!("{first} {last}"),
        email(random, first, last),
        telephone(random),
        (16 + random.below(51)).to_string(),
        random.pick(&BLOOD_TYPES).to_owned(),
        random.pick(&CITIES).to_owned(),
        random.pick(&STATES).to_owned(),
        date_time(random),
        random.pick(&NATIONALITIES).to_owned(),
        format!("{:05}", random.below(100_000)),
    ]
}

fn email(random: &mut Random, first: &str, last: &str) -> String {
    let (number, domain) = (random.below(10_000), random.pick(&DOMAINS));
    format!("{first}.{last}{number}@{domain}").to_lowercase()
}

fn telephone(random: &mut Random) -> String {
    let (area, exchange) = (random.below(1_000), random.below(1_000));
    let line = random.below(10_000);
    match random.below(4) {
        0 => format!("{area:03}-{exchange:03}-{line:04}"),
        1 => format!("1-{area:03}-{exchange:03}-{line:04}"),
        2 => format!("+1-({area:03})-{exchange:03}-{line:04}"),
        _ => format!("({area:03}) {exchange:03}-{line:04}"),
    }
}

fn date_time(random: &mut Random) -> String {
    let seconds = FROM + random.below(TO - FROM);
    let micros = random.below(1_000_000);
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second) = time.to_hms();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every digit as `0`.
    fn form(text: &str) -> String {
        text.replace(|c: char| c.is_ascii_digit(), "0")
    }

    #[test]
    fn each_value_has_its_form() {
        let mut random = Random::of("a", "b");
        for _ in 0..1_000 {
            let [
                name,
                email,
                telephone,
                age,
                blood,
                city,
                state,
                time,
                nation,
                code,
            ] = row(&mut random);
            assert_eq!(name.split(' ').count(), 2, "{name}");
            let (user, domain) = email.split_once('@').unwrap();
            assert!(DOMAINS.contains(&domain) && user.is_ascii(), "{email}");
            let forms = [
                "000-000-0000",
                "0-000-000-0000",
                "+0-(000)-000-0000",
                "(000) 000-0000",
            ];
            assert!(forms.contains(&&*form(&telephone)), "{telephone}");
            assert!((16..=66).contains(&age.parse::<u8>().unwrap()));
            assert!(BLOOD_TYPES.contains(&&*blood));
            assert!(CITIES.contains(&&*city) && STATES.contains(&&*state));
            assert_eq!(form(&time), "0000-00-00T00:00:00.000000");
            assert!(
                (2000..2026).contains(&time[..4].parse::<u32>().unwrap()),
                "{time}"
            );
            assert!(NATIONALITIES.contains(&&*nation));
            assert_eq!(form(&code), "00000");
        }
    }
}
