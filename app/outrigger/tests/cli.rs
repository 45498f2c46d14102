//! The contract of the command line: output, errors, exit codes.

use outrigger_testapp::{Builder, Finished, Outrigger, Program};
use outrigger_testkit::TempDir;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_outrigger");

fn app() -> Builder {
    Outrigger::builder(BINARY)
}

/// The program in a directory where no server runs.
fn alone(directory: &TempDir, arguments: &[&str]) -> Program {
    Program::new(BINARY, directory.path()).args(arguments)
}

#[track_caller]
fn assert_done(finished: &Finished) -> &str {
    assert_eq!(
        finished.code,
        Some(0),
        "{}{}",
        finished.stdout,
        finished.stderr
    );
    &finished.stdout
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

#[tokio::test]
async fn the_help_lists_every_command_and_the_exit_codes() {
    let directory = TempDir::new();

    let help = alone(&directory, &["--help"]).run().await;

    insta::assert_snapshot!(assert_done(&help));
}

#[tokio::test]
async fn config_says_on_standard_error_that_it_read_no_file() {
    let directory = TempDir::new();
    let explain = ["config", "explain", "cache.memory"];

    let without = alone(&directory, &explain).run().await;
    std::fs::write(directory.join("outrigger.toml"), "").expect("it is writable");
    let with = alone(&directory, &explain).run().await;

    assert_eq!(assert_done(&without), assert_done(&with));
    assert!(
        without.stderr.contains("no configuration file was read"),
        "{}",
        without.stderr
    );
    assert_eq!(with.stderr, "");
}

#[tokio::test]
async fn a_misspelt_scope_is_refused_with_the_nearest_one() {
    let app = app().start().await;

    let refused = app
        .cli(["token", "create", "--name", "x", "--scope", "cache:writ"])
        .run()
        .await;

    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("did you mean `cache:write`?"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("mail"), "{}", refused.stderr);
}

#[tokio::test]
async fn a_command_over_http_without_a_valid_token_names_the_variable_for_it() {
    let app = app().start().await;
    let directory = TempDir::new();
    let url = format!("http://{}", app.http_address());
    let arguments = ["cache", "stats", "--url", &url];

    let without = alone(&directory, &arguments).run().await;
    let wrong = alone(&directory, &[&arguments[..], &["--json"]].concat())
        .env("OUTRIGGER_TOKEN", "otr_wrong")
        .run()
        .await;

    assert_eq!((without.code, wrong.code), (Some(4), Some(4)));
    for said in [without.stderr, wrong.stderr] {
        assert!(said.contains("set `OUTRIGGER_TOKEN`"), "{said}");
        assert!(!said.contains("Authorization"), "{said}");
    }
}

#[tokio::test]
async fn a_usage_error_exits_with_2_and_is_a_problem_with_json() {
    let directory = TempDir::new();

    let people = alone(&directory, &["cache", "gett"]).run().await;
    let program = alone(&directory, &["cache", "gett", "--json"]).run().await;

    assert_eq!((people.code, program.code), (Some(2), Some(2)));
    assert!(
        people.stderr.starts_with("error: ") && people.stderr.contains("'get'"),
        "{}",
        people.stderr
    );
    assert_eq!(json_of(&program.stderr)["code"], "wrong_use");
    assert_eq!(program.stdout, "");
}

#[tokio::test]
async fn commands_that_need_a_server_exit_with_5_without_one() {
    let directory = TempDir::new();

    for command in [
        &["status"][..],
        &["cache", "stats"],
        &["cache", "get", "a"],
        &["token", "list"],
        &["open"],
    ] {
        let finished = alone(&directory, command).run().await;
        assert_eq!(finished.code, Some(5), "{command:?}: {}", finished.stderr);
        assert!(
            finished.stderr.contains("outrigger serve"),
            "{command:?}: {}",
            finished.stderr
        );
    }
    let json = alone(&directory, &["status", "--json"]).run().await;
    let far = alone(&directory, &["status", "--url", "http://127.0.0.1:1"])
        .run()
        .await;

    assert_eq!(json_of(&json.stderr)["code"], "no_data_dir");
    assert_eq!(far.code, Some(5), "{}", far.stderr);
    assert!(
        !directory.join("outrigger-data").exists(),
        "asking creates nothing"
    );
}

#[tokio::test]
async fn admin_doctor_and_config_work_while_no_server_runs() {
    let mut app = app().start().await;
    app.stop().await;
    let run = async |arguments: &[&'static str]| app.cli(arguments.iter().copied()).run().await;

    let created = run(&[
        "admin",
        "create",
        "--email",
        "ada@example.com",
        "--role",
        "admin",
        "--json",
    ])
    .await;
    let list = run(&["admin", "list", "--json"]).await;
    let link = run(&["admin", "link"]).await;
    let doctor = run(&["doctor", "--json"]).await;
    let check = run(&["config", "check"]).await;

    assert_eq!(
        json_of(assert_done(&created))["account"]["email"],
        "ada@example.com"
    );
    let accounts = json_of(assert_done(&list));
    let emails: Vec<_> = accounts["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["email"])
        .collect();
    assert!(emails.contains(&&json!("ada@example.com")), "{accounts}");
    assert!(
        assert_done(&link).starts_with("http://127.0.0.1:7300/admin/production/"),
        "{}",
        link.stdout
    );
    assert!(
        json_of(assert_done(&doctor))["checks"]
            .as_array()
            .is_some_and(|checks| !checks.is_empty())
    );
    assert!(
        assert_done(&check).starts_with("the configuration is valid"),
        "{}",
        check.stdout
    );
}

#[tokio::test]
async fn a_link_created_without_a_server_works_after_the_start() {
    let mut app = app().start().await;
    app.stop().await;
    let link = app.cli(["admin", "link", "--json"]).run().await;
    let link = json_of(assert_done(&link));
    let (_, code) = link["url"]
        .as_str()
        .and_then(|url| url.split_once('#'))
        .expect("a code");

    app.restart().await;

    let login = app
        .request(reqwest::Method::POST, "/api/v1/access/login-link")
        .json(&json!({ "code": code }));
    assert_eq!(login.send().await.expect("it answers").status(), 200);
}

#[tokio::test]
async fn get_returns_the_value_byte_for_byte() {
    let app = app().start().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(3000).collect();

    assert_done(
        &app.cli(["cache", "set", "a/b", "-", "--ttl", "60s"])
            .input(bytes.clone())
            .run()
            .await,
    );
    assert_done(&app.cli(["cache", "set", "word", "ahoy"]).run().await);
    let raw = app.cli(["cache", "get", "a/b"]).run().await;
    let word = app.cli(["cache", "get", "word", "--json"]).run().await;

    assert_eq!(raw.output, bytes);
    assert_eq!(
        json_of(assert_done(&word)),
        json!({ "key": "word", "value": "ahoy", "value_base64": "YWhveQ==" })
    );
}

#[tokio::test]
async fn an_entry_that_does_not_exist_exits_with_3() {
    let app = app().start().await;
    assert_done(&app.cli(["cache", "set", "a", "1"]).run().await);
    assert_done(&app.cli(["cache", "delete", "a", "never-there"]).run().await);

    let text = app.cli(["cache", "get", "a"]).run().await;
    let json = app.cli(["cache", "get", "a", "--json"]).run().await;

    assert_eq!((text.code, text.stdout.as_str()), (Some(3), ""));
    assert_eq!(text.stderr, "error: there is no entry `a`\n");
    assert_eq!(
        (json.code, &json_of(&json.stderr)["code"]),
        (Some(3), &json!("not_found"))
    );
}

#[tokio::test]
async fn clear_reports_the_number_of_removed_entries() {
    let app = app().start().await;
    for key in ["a", "b", "c"] {
        assert_done(&app.cli(["cache", "set", key, "1"]).run().await);
    }

    let other = app.cli(["cache", "clear", "--database", "7"]).run().await;
    let all = app.cli(["cache", "clear"]).run().await;

    assert_eq!(assert_done(&other), "removed 0 entries\n");
    assert_eq!(assert_done(&all), "removed 3 entries\n");
}

#[tokio::test]
async fn an_invalid_time_to_live_exits_with_2() {
    let app = app().start().await;

    let finished = app
        .cli(["cache", "set", "a", "1", "--ttl", "soon"])
        .run()
        .await;

    assert_eq!(finished.code, Some(2), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("ttl") || finished.stderr.contains("soon"),
        "{}",
        finished.stderr
    );
}

#[tokio::test]
async fn standard_output_contains_only_the_token() {
    let app = app().start().await;

    let created = app
        .cli(["token", "create", "--name", "t", "--scope", "cache:read"])
        .run()
        .await;
    let listed = app.cli(["token", "list"]).run().await;

    let token = assert_done(&created).trim_end();
    assert!(
        token.starts_with("otr_") && !token.contains(char::is_whitespace),
        "{}",
        created.stdout
    );
    assert!(
        created.stderr.contains("not shown again"),
        "{}",
        created.stderr
    );
    assert!(!assert_done(&listed).contains(token), "{}", listed.stdout);
}

#[tokio::test]
async fn a_remote_server_is_called_with_the_token_from_the_environment() {
    let app = app().start().await;
    let directory = TempDir::new();
    let token = app.token(&["cache:read"]).await;
    let url = app.url("");
    let ask = |arguments: &[&str]| alone(&directory, arguments).args(["--url", &url]);

    let stats = ask(&["cache", "stats", "--json"])
        .env("OUTRIGGER_TOKEN", &token)
        .run()
        .await;
    let beyond = ask(&["cache", "clear"])
        .env("OUTRIGGER_TOKEN", &token)
        .run()
        .await;
    let nobody = ask(&["cache", "stats"]).run().await;

    assert_eq!(json_of(assert_done(&stats))["entries"], 0);
    assert_eq!(beyond.code, Some(4), "{}", beyond.stderr);
    assert!(beyond.stderr.contains("cache:write"), "{}", beyond.stderr);
    assert_eq!(nobody.code, Some(4), "{}", nobody.stderr);
}

#[tokio::test]
async fn an_unknown_object_exits_with_3_and_a_hint() {
    let app = app().start().await;

    let key = app.cli(["config", "explain", "cache.memori"]).run().await;
    let token = app.cli(["token", "revoke", "nobody"]).run().await;
    let account = app
        .cli(["admin", "link", "--account", "nobody@example.com"])
        .run()
        .await;

    assert_eq!(
        (key.code, token.code, account.code),
        (Some(3), Some(3), Some(3))
    );
    assert!(
        key.stderr.contains("did you mean `cache.memory`?"),
        "{}",
        key.stderr
    );
    assert!(token.stderr.contains("hint: "), "{}", token.stderr);
}

#[tokio::test]
async fn status_has_the_size_of_every_store() {
    let app = app().start().await;

    let text = app.cli(["status"]).run().await;
    let json = app.cli(["status", "--json"]).run().await;

    let status = json_of(assert_done(&json));
    let stores = status["stores"].as_array().expect("a list");
    for store in ["state", "cache", "logs"] {
        let found = stores.iter().find(|one| one["name"] == store);
        let size = found.and_then(|one| one["size_bytes"].as_u64());
        assert!(size.is_some(), "`{store}` in {status}");
        assert!(
            assert_done(&text).contains(&format!("\n  {store}")),
            "{}",
            text.stdout
        );
    }
    assert_eq!(status["pid"], app.pid());
}

#[tokio::test]
async fn text_has_no_colour_in_a_pipe() {
    let app = app().start().await;

    for command in [
        &["status"][..],
        &["doctor"],
        &["config", "show"],
        &["cache", "get", "absent"],
    ] {
        let finished = app.cli(command.iter().copied()).run().await;
        assert!(!finished.stdout.contains('\u{1b}'), "{}", finished.stdout);
        assert!(!finished.stderr.contains('\u{1b}'), "{}", finished.stderr);
    }
}

#[tokio::test]
async fn completions_exist_for_every_shell() {
    let directory = TempDir::new();

    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let finished = alone(&directory, &["completions", shell]).run().await;
        assert!(assert_done(&finished).contains("outrigger"), "{shell}");
    }
}

#[tokio::test]
async fn open_prints_a_fresh_link() {
    let app = app().start().await;

    let first = app.cli(["open"]).env("PATH", "/nowhere").run().await;
    let second = app.cli(["open"]).env("PATH", "/nowhere").run().await;

    assert!(
        assert_done(&first).starts_with(&app.url("/admin/production/")),
        "{}",
        first.stdout
    );
    assert_ne!(first.stdout, second.stdout);
}

#[tokio::test]
async fn a_weak_password_is_refused_with_the_reason() {
    let app = app().start().await;
    let create = [
        "admin",
        "create",
        "--email",
        "ada@example.com",
        "--password-file",
        "-",
        "--json",
    ];

    let finished = app.cli(create).input("password1\n").run().await;

    assert_eq!(finished.code, Some(2), "{}", finished.stderr);
    let problem = json_of(&finished.stderr);
    assert_eq!(problem["fields"][0]["field"], "password", "{problem}");
    assert!(
        !finished.stderr.contains("password1"),
        "{}",
        finished.stderr
    );
}

#[tokio::test]
async fn a_large_value_from_standard_input_is_returned_byte_for_byte() {
    let app = app().start().await;
    let value: Vec<u8> = (0..3_000_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();

    let set = app
        .cli(["cache", "set", "large", "--json"])
        .input(value.clone())
        .run()
        .await;
    let get = app.cli(["cache", "get", "large"]).run().await;
    let missing = app.cli(["cache", "get", "none"]).run().await;

    assert_eq!(set.code, Some(0), "{}", set.stderr);
    assert!(set.stdout.contains("3000000"), "{}", set.stdout);
    assert_eq!(get.code, Some(0), "{}", get.stderr);
    assert!(get.output == value, "{} bytes came out", get.output.len());
    assert_eq!(missing.code, Some(3), "{}", missing.stderr);
}

#[tokio::test]
async fn a_change_is_confirmed_in_one_line_on_standard_error_and_with_json_only_on_standard_output()
{
    let app = app().start().await;
    let token = app.cli(["token", "create", "--name", "shop", "--scope", "cache:read"]);
    assert_done(&token.run().await);

    for (command, confirmation) in [
        (&["cache", "set", "a", "value"][..], "set a (5 B)"),
        (&["cache", "delete", "a", "b"], "deleted 2 keys"),
        (
            &["event", "deploy", "shop 4.12"],
            "recorded the deploy shop 4.12 at ",
        ),
        (&["event", "note", "sale"], "recorded the note sale at "),
        (&["token", "revoke", "shop"], "revoked the token shop"),
    ] {
        let finished = app.cli(command.iter().copied()).run().await;

        assert_eq!(assert_done(&finished), "", "{command:?}");
        assert!(
            finished.stderr.starts_with(confirmation),
            "{}",
            finished.stderr
        );
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    }
    let program = app
        .cli(["cache", "set", "a", "value", "--json"])
        .run()
        .await;
    assert_eq!(json_of(assert_done(&program))["bytes"], 5);
    assert_eq!(program.stderr, "");
}
