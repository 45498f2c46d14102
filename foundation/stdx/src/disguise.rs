//! Characters with which a text can look like another one.

/// Whether a character moves the cursor, turns the direction of text, or cannot be seen.
#[must_use]
pub fn disguises(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero width, and marks of direction.
            | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators; embeddings and overrides of direction.
            | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators; isolates of direction.
            | '\u{2060}'..='\u{206f}'
            // Fillers that look like nothing.
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            // Byte order mark, interlinear annotations.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // Tags.
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_shows_as_itself_is_no_disguise() {
        assert!("aZ0 .-_/é日ע👩".chars().all(|letter| !disguises(letter)));
        assert!(
            "\0\n\u{1b}\u{200b}\u{202e}\u{feff}\u{e0041}"
                .chars()
                .all(disguises)
        );
    }
}
