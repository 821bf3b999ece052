//! The text of scripts, and why a text is none.

use stormglass_model::script::Script;

#[test]
fn a_script_is_its_text() {
    for text in [
        "create upload delete",
        "create [upload last-byte delete] show",
        "create upload [deactivate before deactivate] download:stranger",
        "create [upload mid-body !reset] show",
        "create [upload after-65536 !kill-api] show !scrub delete",
        "create [upload enters-saving delete:admin]",
        "create upload wait=1500ms refused=upload refused=delete:reader",
        "create wait=exponential(10m) wait=lognormal(2ms,40ms) wait=uniform(1ms,9ms)",
        "create wait=pareto(1ms,1.5) {upload | wait=1ns delete}~10ms",
        "create {upload:admin | refused=download delete | show} show",
    ] {
        assert_eq!(text.parse::<Script>().unwrap().to_string(), text);
    }
    let other: Script = "create delete:other-project".parse().unwrap();
    assert_eq!(other.to_string(), "create delete:stranger");
    let spaced: Script = " create [ upload  after-64KiB delete ]show "
        .parse()
        .unwrap();
    assert_eq!(
        spaced.to_string(),
        "create [upload after-65536 delete] show"
    );
}

#[test]
fn what_is_no_script_is_told_why() {
    let check = |text: &str, why: &str| {
        let error = text.parse::<Script>().unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    };
    check("", "begins with a step that creates");
    check("upload", "begins with a step that creates");
    check("create create", "comes too late");
    check("create uplaod", "did you mean `upload`");
    check("create delete:nobody", "is nobody");
    check("create [upload sometimes delete]", "is no point");
    check("create [upload delete]", "[upload mid-body delete]");
    check("create [upload mid-body delete", "[upload mid-body delete]");
    check("create !reset", "strikes an operation");
    check("create !", "no name of a command");
    check("create [upload mid-body !a/b]", "no name of a command");
    check("create {upload}", "{upload | download delete}~10ms");
    check("create {upload | }", "{upload | download delete}~10ms");
    check("create {upload | delete", "{upload | download delete}~10ms");
    check(
        "create {upload | !reset}",
        "{upload | download delete}~10ms",
    );
    check(
        "create {upload | show}~soon",
        "{upload | download delete}~10ms",
    );
    check("create wait=soon", "is no pause");
    check("create wait=uniform(9ms,1ms)", "is no pause");
    check("create refused=vanish", "is no operation");
    check("create {show | create}", "comes too late");
}

#[test]
fn every_step_but_the_first_can_go() {
    let script: Script = "create upload show".parse().unwrap();
    assert_eq!(script.without(0), None);
    assert_eq!(script.without(1).unwrap().to_string(), "create show");
    assert_eq!(script.without(3), None);
}
