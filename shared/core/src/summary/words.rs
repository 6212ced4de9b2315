//! The words of a summary, in each language.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};

/// What a summary is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl FromStr for Language {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "en" => Ok(Self::En),
            "es" => Ok(Self::Es),
            _ => Err("a language is `en` or `es`"),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick("en", "es"))
    }
}

impl Language {
    pub(super) fn pick<T>(self, en: T, es: T) -> T {
        match self {
            Self::En => en,
            Self::Es => es,
        }
    }

    /// `Thursday, 26 November 2026`, `jueves 26 de noviembre de 2026`.
    pub(super) fn date(self, date: Date) -> String {
        const MONTHS: [(&str, &str); 12] = [
            ("January", "enero"),
            ("February", "febrero"),
            ("March", "marzo"),
            ("April", "abril"),
            ("May", "mayo"),
            ("June", "junio"),
            ("July", "julio"),
            ("August", "agosto"),
            ("September", "septiembre"),
            ("October", "octubre"),
            ("November", "noviembre"),
            ("December", "diciembre"),
        ];
        let (en, es) = match date.weekday() {
            Weekday::Monday => ("Monday", "lunes"),
            Weekday::Tuesday => ("Tuesday", "martes"),
            Weekday::Wednesday => ("Wednesday", "miércoles"),
            Weekday::Thursday => ("Thursday", "jueves"),
            Weekday::Friday => ("Friday", "viernes"),
            Weekday::Saturday => ("Saturday", "sábado"),
            Weekday::Sunday => ("Sunday", "domingo"),
        };
        let place = usize::from(date.month().unsigned_abs()).saturating_sub(1);
        let month = MONTHS.get(place).map_or("", |(en, es)| self.pick(en, es));
        let (weekday, day, year) = (self.pick(en, es), date.day(), date.year());
        match self {
            Self::En => format!("{weekday}, {day} {month} {year}"),
            Self::Es => format!("{weekday} {day} de {month} de {year}"),
        }
    }

    /// `1 event`, `2 eventos`.
    pub(super) fn events(self, count: u64) -> String {
        self.counted(count, ["event", "events"], ["evento", "eventos"])
    }

    /// A number with the noun in its number: singular and plural in English, then in Spanish.
    pub(super) fn counted(self, count: u64, en: [&str; 2], es: [&str; 2]) -> String {
        let [one, many] = self.pick(en, es);
        format!(
            "{} {}",
            grouped(&count.to_string()),
            if count == 1 { one } else { many }
        )
    }
}

/// `152 340 000.00`: groups of three digits, with a space that does not break a line. Both languages read it alike,
/// which they would not do with commas.
pub(super) fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let digits = whole.trim_start_matches('-').len();
    let mut grouped = String::new();
    for (place, c) in whole.trim_start_matches('-').chars().enumerate() {
        if place > 0 && (digits - place) % 3 == 0 {
            grouped.push('\u{a0}');
        }
        grouped.push(c);
    }
    let sign = if whole.starts_with('-') { "-" } else { "" };
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        let shown = |number: &str| grouped(number).replace('\u{a0}', " ");
        for (number, expected) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1 000"),
            ("-123456.789012", "-123 456.789012"),
            ("152340000.00", "152 340 000.00"),
        ] {
            assert_eq!(shown(number), expected);
        }
    }

    #[test]
    fn dates_are_written_out() {
        let date: Date = "2026-11-26".parse().unwrap();
        assert_eq!(Language::En.date(date), "Thursday, 26 November 2026");
        assert_eq!(Language::Es.date(date), "jueves 26 de noviembre de 2026");
        assert_eq!("es".parse(), Ok(Language::Es));
        assert!("de".parse::<Language>().is_err());
    }
}
