//! A summary as plain text, with short lines for a phone.

use super::words::{Language, grouped};
use super::{Events, Row, Summary, Sums};

/// Types that are listed, of each environment; the rest are counted together.
const LISTED: usize = 25;

impl Summary {
    /// One line: `acuse: Thursday, 26 November 2026 - 1 234 events`. It is a mail's subject, so it is shorter than 100
    /// characters and has only what every mail program shows.
    /// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
    pub fn subject(&self, language: Language) -> String {
        let stack: String = self.stack.chars().take(40).collect();
        let events = language.events(self.tally.live.accepted()).replace('\u{a0}', " ");
        let attention = match self.needs_attention() {
            true => language.pick(" - needs attention", " - hay que revisar"),
            false => "",
        };
        format!("{stack}: {} - {events}{attention}", self.day.date())
    }

    /// The whole text.
    pub fn text(&self, language: Language) -> String {
        let mut lines = vec![
            self.stack.clone(),
            language.date(self.day.date()),
            format!("({})", self.day.zone()),
        ];
        if !self.complete {
            lines.push(String::new());
            lines.push(
                language
                    .pick(
                        "INCOMPLETE: there was not enough time to read the whole day. Every number is too low.",
                        "INCOMPLETO: no alcanzó el tiempo para leer todo el día. Todos los números son demasiado bajos.",
                    )
                    .to_owned(),
            );
        }
        let (live, test) = (&self.tally.live, &self.tally.test);
        lines.push(String::new());
        lines.push(format!(
            "{}: {}",
            language.pick("LIVE", "REALES"),
            language.events(live.accepted())
        ));
        self.events(language, live, &mut lines);
        if !test.is_empty() {
            lines.push(String::new());
            lines.push(format!(
                "{}: {}",
                language.pick("TEST", "DE PRUEBA"),
                language.events(test.accepted())
            ));
            self.events(language, test, &mut lines);
        }
        lines.push(String::new());
        self.queues(language, &mut lines);
        lines.push(String::new());
        lines.push(language.pick("See for yourself:", "Para verlo:").to_owned());
        lines.push(format!("acuse summary --day {}{}", self.day.date(), self.named));
        lines.join("\n")
    }

    /// Whether somebody should look: live events failed, wait or are conflicts without a decision, or a queue has what needs a decision.
    fn needs_attention(&self) -> bool {
        let live = &self.tally.live;
        let events = live.rejected + live.undecided_conflicts + live.waiting;
        !self.complete || events + self.queues.dead_letters + self.queues.quarantine > 0
    }

    fn events(&self, language: Language, events: &Events, lines: &mut Vec<String>) {
        let mut scope = "";
        for ((own, type_name), row) in events.rows.iter().take(LISTED) {
            if own != scope {
                lines.push(own.clone());
                scope = own;
            }
            lines.push(format!("  {type_name}: {}", grouped(&row.count.to_string())));
            amounts(language, row, lines);
        }
        let more: u64 = events.rows.values().skip(LISTED).map(|row| row.count).sum();
        if more > 0 {
            let types = u64::try_from(events.rows.len().saturating_sub(LISTED)).unwrap_or_default();
            let types = language.counted(types, ["more type", "more types"], ["tipo más", "tipos más"]);
            lines.push(format!("{types}: {}", language.events(more)));
        }
        self.failures(language, events, lines);
    }

    fn failures(&self, language: Language, events: &Events, lines: &mut Vec<String>) {
        let mut found = |count: u64, en: [&str; 2], es: [&str; 2], more: String| {
            if count > 0 {
                lines.push(format!("{}{more}", language.counted(count, en, es)));
            }
        };
        let oldest = events.oldest_waiting.map(|at| {
            let clock = self.day.zone().clock(at);
            language.pick(
                format!(", the oldest from {clock}"),
                format!(", el más antiguo de las {clock}"),
            )
        });
        let none = String::new;
        found(
            events.waiting,
            ["waiting", "waiting"],
            ["en espera", "en espera"],
            oldest.unwrap_or_default(),
        );
        found(
            events.rejected,
            ["rejected", "rejected"],
            ["rechazado", "rechazados"],
            none(),
        );
        found(
            events.conflicts,
            ["conflict", "conflicts"],
            ["conflicto", "conflictos"],
            none(),
        );
        found(
            events.set_aside,
            [
                "of an environment that is not taken",
                "of an environment that is not taken",
            ],
            ["de un ambiente que no se recibe", "de un ambiente que no se recibe"],
            none(),
        );
        found(
            events.duplicates,
            ["delivery sent again", "deliveries sent again"],
            ["entrega repetida", "entregas repetidas"],
            none(),
        );
    }

    fn queues(&self, language: Language, lines: &mut Vec<String>) {
        lines.push(language.pick("In the queues now:", "En las colas ahora:").to_owned());
        let queues = &self.queues;
        let mut line = |en: &str, es: &str, count: u64| {
            lines.push(format!("  {}: {}", language.pick(en, es), grouped(&count.to_string())));
        };
        line("to be processed", "por procesar", queues.events);
        line("dead letters", "no procesados", queues.dead_letters);
        line("quarantine", "en cuarentena", queues.quarantine);
        if let Some(destinations) = queues.destinations {
            line("messages for destinations", "mensajes para destinos", destinations);
        }
    }
}

fn amounts(language: Language, row: &Row, lines: &mut Vec<String>) {
    lines.extend(sums(language, &row.sums).map(|sum| format!("    {sum}")));
    // Many types have no amounts at all.
    let is_some = row.without_amount > 0 && row.without_amount < row.count;
    if is_some {
        let without = grouped(&row.without_amount.to_string());
        lines.push(language.pick(
            format!("    {without} without an amount"),
            format!("    {without} sin monto"),
        ));
    }
    if row.unreadable_amount > 0 {
        let unreadable = language.counted(
            row.unreadable_amount,
            ["amount unreadable", "amounts unreadable"],
            ["monto ilegible", "montos ilegibles"],
        );
        lines.push(language.pick(
            format!("    {unreadable}, not added"),
            format!("    {unreadable}, sin sumar"),
        ));
    }
}

fn sums(language: Language, sums: &Sums) -> impl Iterator<Item = String> {
    sums.iter().map(move |(currency, sum)| {
        let currency = match currency.as_str() {
            "" => language.pick("(no currency)", "(sin moneda)"),
            currency => currency,
        };
        format!("{} {currency}", grouped(&sum.to_string()))
    })
}

#[cfg(test)]
mod tests;
