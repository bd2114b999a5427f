//! The Ask screen in a real terminal: questions become filters that are shown before they run, and no answer of a model
//! makes the console do anything else, or stop.

use switchboard::queue::lane;

use crate::ask_models::{GOOD, hostile};
use crate::support::model::{Model, Says};
use crate::support::pty::Pty;
use crate::support::{Program, TestDb};

async fn contacts(test: &TestDb) {
    lane::seed(&test.db).await.unwrap();
    for sql in [
        "INSERT INTO contacts (raw_phone_number, phone_e164, status, full_name, business_state, email, country_code)
         SELECT n, n, 'failed', E'Ann \x1b[31mO''Brien', 'TX', 'ann@northwind-harbor.example', 'US'
         FROM (SELECT '+1415555' || lpad(i::text, 4, '0') AS n FROM generate_series(100, 139) i) x",
        "INSERT INTO contact_deltas (failed) VALUES (40)",
    ] {
        sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    }
}

fn program(test: &TestDb, model: &Model) -> Program {
    Program::on(test)
        .with("SWITCHBOARD_PROVIDERS__OPENAI__BASE_URL", &model.url)
        .with("SWITCHBOARD_PROVIDERS__OPENAI__API_KEY", "test-key")
        .with("SWITCHBOARD_BREAKERS__OPENAI__THRESHOLD", "1000")
        .with("SWITCHBOARD_BREAKERS__OPENAI__RATE_RULE", "false")
}

fn console(program: &Program, size: (u16, u16)) -> Pty {
    Pty::of(program, &["console", "--no-workers"], size)
}

fn ask(pty: &mut Pty, question: &str) {
    pty.press("/");
    pty.shows(&["leave the line"]);
    pty.press("\x15");
    pty.paste(question);
    pty.press("\r");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_shown_as_a_filter_edited_run_and_kept() {
    let test = TestDb::new().await;
    contacts(&test).await;
    let model = Model::saying(Says::Text(GOOD.to_owned())).await;
    let program = program(&test, &model);
    for size in [(80, 24), (120, 36), (200, 60)] {
        let mut pty = console(&program, size);
        pty.shows(&["LIVE"]);
        pty.press("5");
        pty.shows(&["Ask > [find]", "asks openai/gpt-4o-mini"]);
        ask(&mut pty, "worst five in Texas");
        pty.shows(&[
            "status:failed state:TX sort:-quality limit:5",
            "40 rows",
            "not understood: nothing",
            "c.status = $1",
        ]);
        pty.press("\r");
        pty.shows(&["Contacts  status:failed state:TX", "the first 5 of these", "+1415555"]);
        pty.press("5E");
        pty.shows(&["/ status:failed state:TX", "Tab"]);
        pty.press("\x1b");
        pty.press("5\x13");
        pty.shows(&["Keep as @name"]);
        pty.press("worst\r");
        pty.shows(&["kept as @worst"]);
        pty.press("\t\t");
        pty.shows(&["[history]", "worst five in Texas"]);
        pty.press("\t");
        pty.shows(&["[saved]", "@worst"]);
        pty.press("\r");
        pty.shows(&["Ask > [find]", "> @worst", "40 rows"]);
        pty.press("\x03");
        assert!(pty.ends(std::time::Duration::from_secs(15)).success());
        sqlx::query("DELETE FROM saved").execute(test.db.pool()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_the_built_in_translator_answers_and_says_what_it_did_not_understand() {
    let test = TestDb::new().await;
    contacts(&test).await;
    let mut pty = console(&Program::on(&test), (120, 36));
    pty.shows(&["LIVE"]);
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.paste("ask failed in Texas");
    pty.press("\r");
    pty.shows(&["the built-in translator answers: no model has a key", "status:failed state:TX", "40 rows"]);
    ask(&mut pty, "failed ones with purple hats");
    pty.shows(&["not understood: ", "purple hats", "nothing, while a part is not understood"]);
    pty.press("\r");
    pty.shows(&["Ask > [find]", "nothing runs while a part is not understood"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_model_answers_the_console_is_alive_and_shows_a_refusal() {
    let test = TestDb::new().await;
    contacts(&test).await;
    let model = Model::saying(Says::Drip).await;
    let program = program(&test, &model).with("SWITCHBOARD_PROVIDERS__OPENAI__TIMEOUT", "700ms");
    let mut pty = console(&program, (120, 36));
    pty.shows(&["LIVE"]);
    pty.press("5");
    pty.shows(&["asks openai"]);
    for (at, (name, says)) in hostile().into_iter().enumerate() {
        model.say(vec![says]);
        ask(&mut pty, &format!("who needs a red pencil {at}?"));
        let shown = pty.shows(&["[find]", "not understood: ", "nothing, while a part is not understood"]);
        assert!(shown.contains(&format!("red pencil {at}?")), "{name}: {shown}");
        pty.press("2");
        pty.shows(&["claims as fast as its limit allows"]);
        pty.press("5");
        pty.shows(&["Ask > [find]"]);
        pty.press("\x1b");
        pty.shows(&["For example:"]);
    }
    assert!(!pty.ever_wrote("\x1b]52;c;eA=="), "an escape of the model reached the terminal");
    pty.press("\x03");
    assert!(pty.ends(std::time::Duration::from_secs(15)).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_model_blocks_no_key_and_is_not_waited_for_after_esc() {
    let test = TestDb::new().await;
    contacts(&test).await;
    let model = Model::saying(Says::Drip).await;
    let mut pty = console(&program(&test, &model), (80, 24));
    pty.shows(&["LIVE"]);
    pty.press("5");
    pty.shows(&["asks openai"]);
    ask(&mut pty, "slow one");
    pty.shows(&["asking a model 1s; Esc does not wait"]);
    pty.press("4");
    pty.shows(&["  by -created", "+1415555"]);
    pty.press("5");
    pty.shows(&["asking a model"]);
    pty.press("\x1b");
    pty.shows(&["asks openai/gpt-4o-mini"]);
    model.say(vec![Says::Text(GOOD.to_owned())]);
    ask(&mut pty, "worst five in Texas");
    pty.shows(&["status:failed state:TX"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_sees_of_contacts_is_shown_before_it_leaves() {
    let test = TestDb::new().await;
    contacts(&test).await;
    let model = Model::saying(Says::Text("Call her.\u{1b}]52;c;eA==\u{7}\nDONE".to_owned())).await;
    let mut pty = console(&program(&test, &model), (120, 36));
    pty.shows(&["LIVE"]);
    // Two marked contacts.
    pty.press("4");
    pty.shows(&["+14155550139"]);
    pty.press("  ");
    pty.shows(&["2 marked"]);
    pty.press("5\t");
    pty.shows(&["[about]", "about 2 marked contacts", "masked"]);
    ask(&mut pty, "what next?");
    pty.shows(&["Ready: nothing has left yet", "2 contacts"]);
    assert!(model.sent().is_empty(), "nothing leaves before it was seen");
    pty.press("I");
    let shown = pty.shows(&["BEGIN DATA", "[31mO'Brien"]);
    assert!(!shown.contains("ann@northwind") && !shown.contains("+14155550139"), "{shown}");
    pty.press("U");
    pty.shows(&["as they are"]);
    pty.press("I");
    pty.shows(&["ann@northwind-harbor.example", "+14155550139"]);
    pty.press("\r");
    pty.shows(&[
        "openai/gpt-4o-mini says",
        "Call her.\\x1b]52;c;eA==\\x07",
        "DONE",
        "2 contacts, 1100 tokens, $0.0002",
    ]);
    assert!(model.sent()[0].body.to_string().contains("ann@northwind-harbor.example"));
    pty.shows(&["masked (U allows)"]);
    assert!(!pty.ever_wrote("\x1b]52;"));
}
