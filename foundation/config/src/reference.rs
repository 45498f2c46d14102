//! The reference page, made from the structs that read the configuration.

use std::fmt::Write;

use crate::{Key, SectionKeys, display_value};

/// The page that lists every section and key, as Markdown.
#[must_use]
pub fn reference(sections: &[SectionKeys]) -> String {
    let mut page = String::from(
        "# Configuration reference\n\n\
         <!-- Made by `cargo x gen` from the structs that read the configuration. -->\n\n\
         A value comes from the strongest source that sets it: `--set section.key=value`, then the environment variable (or the\n\
         file that the variable with `_FILE` names), then the configuration file, then the default. `outrigger config explain\n\
         section.key` shows which one it was. Sizes are written `64KiB`, `8MiB`, `2GiB`; durations `250ms`, `1m30s`, `7d`; lists\n\
         in variables are separated by commas, and `yes`, `on`, `1`, `no`, `off`, `0` are booleans there; `none` empties a key that may be empty. The entries of a table stand below their\n\
         names: `[section.table.\"a.name\"]` in the file, `--set 'section.table.\"a.name\".key=value'`. In a variable, each\n\
         character of a name that is no letter or digit is `_`.\n",
    );
    for section in sections {
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## `[{}]`\n\n{}\n",
            section.name, section.documentation
        );
        for key in &section.keys {
            push_key(&mut page, key);
            let prefix = format!("{}.", key.name);
            let templates = section.templates.iter();
            for template in templates.filter(|template| template.name.starts_with(&prefix)) {
                push_key(&mut page, template);
            }
        }
    }
    page
}

fn push_key(page: &mut String, key: &Key) {
    let _ = write!(page, "\n### `{}`\n\n{}\n\n", key.path(), key.documentation);
    let _ = writeln!(page, "- Kind: {}", key.kind.replace('|', "or"));
    if !key.kind.starts_with("table of") {
        let _ = writeln!(page, "- Default: `{}`", display_value(&key.default));
        let _ = writeln!(page, "- Variable: `{}`", key.variable);
    }
    if !key.aliases.is_empty() {
        let _ = writeln!(page, "- Also read: `{}`", key.aliases.join("`, `"));
    }
}
