//! `config`: shows, explains and checks the configuration.

use clap::Subcommand;
use outrigger_api_types::config::{ConfigKey, ConfigKeys, ConfigSource};
use outrigger_config::display_value;
use serde_json::json;

use crate::{answer::Answer, connect::Connector, error::CliError, human, table::Table};

/// Show, explain and check the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// List the keys with their values and sources
    Show {
        /// Only the keys of this section, such as `cache`
        section: Option<String>,
        /// Only keys that are set by a flag, a variable or the file
        #[arg(long)]
        changed: bool,
    },
    /// Show the value, source, default, unit and documentation of a key
    Explain {
        /// The key, as `section.key`; a section lists its keys
        key: String,
    },
    /// Check the configuration that the next start would use, and report all errors
    Check,
}

impl ConfigCommand {
    pub(super) async fn run(self, connector: &Connector<'_>) -> Result<Answer, CliError> {
        match self {
            Self::Show { section, changed } => {
                let (keys, note) = keys(connector).await?;
                let answer = show(&keys, section.as_deref(), changed)?;
                Ok(Answer { note, ..answer })
            }
            Self::Explain { key } => {
                let (keys, note) = keys(connector).await?;
                let answer = explain(&keys, &key)?;
                Ok(Answer { note, ..answer })
            }
            Self::Check => check(connector),
        }
    }
}

/// Loads the configuration. The error lists all problems.
pub(super) fn check(connector: &Connector<'_>) -> Result<Answer, CliError> {
    let loaded = connector.load()?;
    let keys = loaded.keys();
    let warnings: Vec<_> = loaded.warnings().iter().map(ToString::to_string).collect();
    let set = keys
        .iter()
        .filter(|key| key.source != ConfigSource::Default)
        .count();
    let mut text = format!(
        "the configuration is valid: {}, {set} set",
        human::count(keys.len() as u64, "key", "keys")
    );
    for warning in &warnings {
        text.push_str("\nignored: ");
        text.push_str(warning);
    }
    Ok(Answer::new(
        &json!({ "ok": true, "keys": keys.len(), "set": set, "warnings": warnings }),
        text,
    ))
}

/// Returns the keys of the running server, or those that the next start would use, and a note if these come from no file.
async fn keys(connector: &Connector<'_>) -> Result<(Vec<ConfigKey>, Option<String>), CliError> {
    if let Some(client) = connector.running()? {
        return Ok((client.config().await?.items, None));
    }
    let loaded = connector.load()?;
    let without_file = || {
        let folder = std::path::absolute(".").unwrap_or_default();
        let folder = folder.display();
        format!(
            "no configuration file was read: there is no `outrigger.toml` in `{folder}`; name one with `--config`"
        )
    };
    let note = loaded.file().is_none().then(without_file);
    Ok((loaded.keys(), note))
}

fn show(keys: &[ConfigKey], section: Option<&str>, changed: bool) -> Result<Answer, CliError> {
    let sections: Vec<&str> = keys.iter().map(|key| section_of(&key.key)).collect();
    if let Some(section) = section
        && !sections.contains(&section)
    {
        return Err(not_found("section", section, sections.into_iter()));
    }
    let wanted = |key: &ConfigKey| {
        section.is_none_or(|section| section_of(&key.key) == section)
            && (!changed || key.source != ConfigSource::Default)
    };
    let items = keys.iter().filter(|key| wanted(key)).cloned().collect();
    Ok(list(items))
}

fn list(items: Vec<ConfigKey>) -> Answer {
    let mut table = Table::new(&["KEY", "VALUE", "SOURCE"]);
    for key in &items {
        table.row([key.key.clone(), display_value(&key.value), source(key)]);
    }
    let text = table.render(0);
    Answer::new(&ConfigKeys { items, next: None }, text)
}

fn explain(keys: &[ConfigKey], wanted: &str) -> Result<Answer, CliError> {
    let canonical = outrigger_config::canonical(wanted);
    let wanted = canonical.as_deref().unwrap_or(wanted);
    let Some(key) = keys.iter().find(|key| key.key == wanted) else {
        let of_section = keys.iter().filter(|key| section_of(&key.key) == wanted);
        let of_section: Vec<ConfigKey> = of_section.cloned().collect();
        if !of_section.is_empty() {
            return Ok(list(of_section));
        }
        let names = keys.iter().map(|key| key.key.as_str());
        return Err(not_found("configuration key", wanted, names));
    };
    let mut facts = Table::facts();
    facts.fact("value", display_value(&key.value));
    facts.fact("source", source(key));
    facts.fact("default", display_value(&key.default));
    facts.fact("kind", key.kind.clone());
    facts.fact(
        "unit",
        key.unit.clone().unwrap_or_else(|| "none".to_owned()),
    );
    facts.fact("variable", key.variable.clone());
    if !key.aliases.is_empty() {
        facts.fact("also", key.aliases.join(", "));
    }
    let text = format!(
        "{}\n{}\n{}",
        key.key,
        facts.render(2),
        key.documentation.trim_end()
    );
    Ok(Answer::new(key, text))
}

fn section_of(key: &str) -> &str {
    key.split('.').next().unwrap_or(key)
}

/// The source of the value: `default`, or the flag, variable or line that set it.
fn source(key: &ConfigKey) -> String {
    let word = match key.source {
        ConfigSource::Flag => "flag",
        ConfigSource::Environment => "environment",
        ConfigSource::File => "file",
        ConfigSource::Default => "default",
    };
    match &key.source_detail {
        Some(detail) => format!("{word} ({detail})"),
        None => word.to_owned(),
    }
}

fn not_found<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> CliError {
    let nearest = outrigger_config::nearest(name, known);
    CliError::NotFound {
        what,
        name: human::visible(name),
        hint: nearest.map(|candidate| format!("did you mean `{candidate}`?")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Text;

    fn memory() -> ConfigKey {
        ConfigKey {
            key: "cache.memory".into(),
            value: "128MiB".into(),
            default: "64MiB".into(),
            source: ConfigSource::Flag,
            source_detail: Some("--set cache.memory".into()),
            kind: "size".into(),
            unit: Some("bytes, for example `8MiB`".into()),
            documentation: "How much memory the cache may use.".into(),
            variable: "OUTRIGGER_CACHE__MEMORY".into(),
            aliases: Vec::new(),
        }
    }

    #[test]
    fn explain_names_value_source_default_unit_and_documentation() {
        let answer = explain(&[memory()], "cache.memory").expect("the key is known");

        let Text::Lines(text) = answer.text else {
            panic!("explain prints lines");
        };
        insta::assert_snapshot!(text, @r"
        cache.memory
          value     128MiB
          source    flag (--set cache.memory)
          default   64MiB
          kind      size
          unit      bytes, for example `8MiB`
          variable  OUTRIGGER_CACHE__MEMORY

        How much memory the cache may use.
        ");
    }

    #[test]
    fn explaining_a_section_lists_its_keys() {
        let other = ConfigKey {
            key: "log.level".into(),
            ..memory()
        };

        let answer = explain(&[memory(), other], "cache").expect("the section is known");

        let Text::Lines(text) = answer.text else {
            panic!("explain prints lines");
        };
        insta::assert_snapshot!(text, @r"
        KEY           VALUE   SOURCE
        cache.memory  128MiB  flag (--set cache.memory)
        ");
    }

    #[test]
    fn the_error_for_an_unknown_key_suggests_the_nearest_one() {
        let error = explain(&[memory()], "cache.memori").expect_err("there is no such key");

        assert_eq!(
            error.to_string(),
            "there is no configuration key `cache.memori`"
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("did you mean `cache.memory`?")
        );
    }
}
