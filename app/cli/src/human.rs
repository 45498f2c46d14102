//! Formats figures for people. `--json` prints them unformatted.

/// A size with one decimal and the largest unit that fits: `512 B`, `1.5 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value.fract() < 0.05 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A duration in its two largest units: `3d 4h`, `2m 5s`, `40ms`.
pub(crate) fn duration(millis: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ];
    if millis < 1_000 {
        return format!("{millis}ms");
    }
    let mut rest = millis;
    let mut parts = Vec::new();
    for (unit, length) in UNITS {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        }
        if parts.len() == 2 {
            break;
        }
    }
    parts.join(" ")
}

/// A time from the API, to the second: `2026-01-01 12:00:00 UTC`.
pub(crate) fn time(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..19)) {
        (Some(date), Some(time)) if rfc3339.ends_with('Z') => format!("{date} {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

/// A ratio as a percentage: `87.5%`.
pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.1}%", ratio * 100.0)
}

/// A count with its noun: `1 entry`, `12 entries`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Escapes control characters, so that untrusted text cannot control the terminal.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escaped = character.is_control();
            let plain = (!escaped).then_some(character);
            let escape = escaped.then(|| character.escape_default());
            plain.into_iter().chain(escape.into_iter().flatten())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (64 << 20, "64 MiB"),
            (5 << 40, "5 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (millis, text) in [
            (0, "0ms"),
            (40, "40ms"),
            (1_000, "1s"),
            (125_400, "2m 5s"),
            (3_600_000, "1h"),
            (273_600_000, "3d 4h"),
        ] {
            assert_eq!(duration(millis), text);
        }
    }

    #[test]
    fn times_are_to_the_second() {
        assert_eq!(
            time("2026-01-01T12:00:00.957716085Z"),
            "2026-01-01 12:00:00 UTC"
        );
        assert_eq!(time("soon"), "soon");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(visible("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(visible("\u{fc}ber"), "\u{fc}ber");
    }
}
