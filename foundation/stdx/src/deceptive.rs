//! Characters that can make one text look like another.

/// Returns whether a character moves the cursor, changes the text direction or is invisible.
#[must_use]
pub fn is_deceptive(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero-width characters and directional marks.
            | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators; directional embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators; directional isolates.
            | '\u{2060}'..='\u{206f}'
            // Blank filler letters.
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
    fn visible_characters_are_not_deceptive() {
        assert!("aZ0 .-_/é日ע👩".chars().all(|letter| !is_deceptive(letter)));
        assert!(
            "\0\n\u{1b}\u{200b}\u{202e}\u{feff}\u{e0041}"
                .chars()
                .all(is_deceptive)
        );
    }
}
