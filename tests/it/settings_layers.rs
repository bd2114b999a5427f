//! Settings as an operator meets them: what wins over what, and the sentence for each mistake.

use std::time::Duration;

use secrecy::ExposeSecret;
use switchboard::catalogue::PROVIDERS;
use switchboard::settings::{Settings, SettingsError};

fn resolve(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    };
    Settings::resolve(Some(file), owned(environment).into_iter(), &owned(flags))
}

fn refusal(file: &str, environment: &[(&str, &str)]) -> String {
    resolve(file, environment, &[]).unwrap_err().to_string()
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = "[breakers.twilio]\ncool_off = \"7s\"\nthreshold = 9\n[providers.twilio]\ntimeout = \"7s\"\n";
    let environment =
        [("SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF", "6s"), ("SWITCHBOARD_PROVIDERS__TWILIO__TIMEOUT", "6s")];
    let settings = resolve(file, &environment, &[("providers.twilio.timeout", "5s")]).unwrap();
    assert_eq!(settings.breaker("twilio").threshold, 9);
    assert_eq!(settings.breaker("twilio").cool_off, Duration::from_secs(6));
    assert_eq!(settings.provider("twilio").timeout, Duration::from_secs(5));
}

#[test]
fn defaults_are_those_of_the_plan() {
    let settings = Settings::isolated(&[]).unwrap();
    let twilio = settings.provider("twilio");
    assert_eq!((twilio.concurrency_start, twilio.concurrency_cap, twilio.rate), (16, 64, None));
    assert_eq!(twilio.lookup.packages, ["line_type_intelligence", "caller_name"]);
    assert_eq!(settings.provider("openai").timeout, Duration::from_secs(30));
    assert_eq!(settings.breaker("hunter").threshold, 5);
    assert_eq!(settings.time_zone, chrono_tz::UTC);
    assert!(settings.database.url.is_none() && settings.credential_fields("twilio").is_none());
}

#[test]
fn every_package_of_the_lookup_can_be_asked_for() {
    let all = switchboard::catalogue::LOOKUP_PACKAGES.join(",");
    let settings = resolve("", &[("SWITCHBOARD_PROVIDERS__TWILIO__PACKAGES", &all)], &[]).unwrap();
    assert_eq!(settings.provider("twilio").lookup.packages.join(","), all);
    let refusal = refusal("", &[("SWITCHBOARD_PROVIDERS__TWILIO__PACKAGES", "caller_nam")]);
    assert!(refusal.contains("\"caller_nam\"") && refusal.contains("caller_name"), "{refusal}");
}

#[test]
fn every_name_of_the_catalogue_is_accepted() {
    for provider in PROVIDERS {
        let variable = format!("SWITCHBOARD_PROVIDERS__{}__BASE_URL", provider.settings);
        let settings = resolve("", &[(&variable, "http://127.0.0.1:9")], &[]).unwrap();
        assert_eq!(settings.provider(provider.id).base_url.as_deref(), Some("http://127.0.0.1:9"), "{variable}");
        if let Some(breaker) = provider.breaker {
            let variable = format!("SWITCHBOARD_BREAKERS__{}__THRESHOLD", provider.settings);
            assert_eq!(resolve("", &[(&variable, "3")], &[]).unwrap().breaker(breaker).threshold, 3, "{variable}");
        }
        for field in provider.slot.iter().flat_map(|slot| slot.fields) {
            let slot = provider.slot.unwrap();
            let variable = format!("SWITCHBOARD_PROVIDERS__{}__{}", slot.settings, field.name.to_uppercase());
            let settings = resolve("", &[(&variable, "value")], &[]).unwrap();
            let given = &settings.credential_fields(slot.name).unwrap()[field.name];
            assert_eq!(given.expose_secret(), "value", "{variable}");
        }
    }
}

#[test]
fn every_section_takes_its_settings_from_a_file() {
    let file = r#"
time_zone = "Europe/Berlin"
[database]
url = "postgres://ops@db.example/switchboard"
max_connections = 20
[jobs]
retry_base = "1s"
[alerts]
depth_warning = 700
[retention]
job_history = "3d"
[inbound]
public_url = "https://hooks.example/"
listen = "127.0.0.1:8080"
[telemetry]
mask_pii = false
log_level = "debug"
[console]
theme = "paper"
link = "slow"
[environment]
name = "north"
production = true
[providers.twilio]
packages = ["caller_name", "sim_swap"]
rate = 25
budget_usd = 12.5
[providers.clearbit-phone]
enabled = false
"#;
    let settings = resolve(file, &[], &[]).unwrap();
    assert_eq!(settings.time_zone, chrono_tz::Europe::Berlin);
    assert_eq!(settings.database.max_connections, 20);
    assert_eq!(settings.inbound.public_url.as_deref(), Some("https://hooks.example"));
    assert_eq!(settings.provider("twilio").lookup.packages, ["caller_name", "sim_swap"]);
    assert_eq!(settings.provider("twilio").budget.usd, Some(12.5));
    assert_eq!((settings.environment.name.as_deref(), settings.environment.production), (Some("north"), Some(true)));
    assert!(!settings.provider("clearbit-phone").enabled && !settings.telemetry.mask_pii);
}

#[test]
fn our_own_name_for_the_database_wins_over_the_common_one() {
    let environment = [("SWITCHBOARD_DATABASE__URL", "postgres://h/ours"), ("DATABASE_URL", "postgres://h/common")];
    let url = |pairs: &[(&str, &str)]| resolve("", pairs, &[]).unwrap().database.url.unwrap();
    assert!(url(&environment).expose_secret().ends_with("ours"));
    assert!(url(&environment[1..]).expose_secret().ends_with("common"));
}

#[test]
fn an_unknown_key_is_answered_with_the_nearest_known_one_and_its_place() {
    let sentence = refusal("\n[providers.twlio]\ntimeout = \"5s\"\n", &[]);
    assert_eq!(
        sentence,
        "There is no setting providers.twlio.timeout (line 3 of config.toml): did you mean providers.twilio.timeout?"
    );
    let sentence = refusal("", &[("SWITCHBOARD_BREAKERS__TWILIO__COOLOFF", "6s")]);
    assert!(sentence.ends_with("did you mean SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF?"), "{sentence}");
    let sentence = refusal("[qqqqqqqqqqqq]\nx = 1\n", &[]);
    assert!(sentence.contains("known are alerts") || sentence.contains("did you mean"), "{sentence}");
}

#[test]
fn a_bad_value_is_answered_with_what_is_accepted() {
    let sentence = refusal("[breakers.twilio]\ncool_off = 6\n", &[]);
    assert_eq!(
        sentence,
        "breakers.twilio.cool_off can not be \"6\" (line 2 of config.toml): write a duration such as 500ms, 6s, 2m, 1h or 30d"
    );
    let sentence = refusal("", &[("DATABASE_URL", "mysql://root:hunter2@h/x")]);
    assert!(sentence.contains("the environment variable DATABASE_URL") && !sentence.contains("hunter2"), "{sentence}");
    assert!(refusal("time_zone = \"Mars\"\n", &[]).contains("Europe/Berlin"));
    assert!(refusal("[jobs]\ndead_after = \"6s\"\n", &[]).contains("twice jobs.heartbeat"));
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_repeated() {
    for (file, variable) in [
        ("[providers.twilio]\nauth_token = \"hunter2\"\n", "SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN"),
        ("[providers.clearbit]\napi_key = \"hunter2\"\n", "SWITCHBOARD_PROVIDERS__CLEARBIT__API_KEY"),
        ("master_key = \"hunter2\"\n", "SWITCHBOARD_MASTER_KEY"),
    ] {
        let sentence = refusal(file, &[]);
        assert!(sentence.contains(&format!("set {variable} instead")), "{sentence}");
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }
}

#[test]
fn debug_output_shows_no_secret() {
    let environment = [
        ("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN", "hunter2"),
        ("SWITCHBOARD_MASTER_KEY", "hunter2"),
        ("DATABASE_URL", "postgres://ops:hunter2@h/x"),
    ];
    let settings = resolve("", &environment, &[]).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}
