//! What becomes of a rule whose condition holds, does not, needs what nobody knows, or fails.

use super::{Situation, bot, message, policy, said, scope, situation, verdict};
use crate::identity::Kind;
use crate::operation::Fact;
use crate::tests::{NOW, person};
use crate::verdict::Verdict;
use crate::{Operation, Principal};

/// A statement that writes, with or without a condition of its own, as far as that is known.
fn write(no_where: Option<bool>) -> Operation {
    let operation = message("tables.write: write public.a(x)");
    operation.but(|deed| deed.facts.extend(no_where.map(|flag| ("no_where", Fact::Flag(flag)))))
}

/// What one rule of an effect under a condition makes of a statement that everybody may run.
fn under(effect: &str, when: &str, operation: Operation) -> String {
    let with = if effect == "approve" { "with = { approvers = ['group:dba'] }" } else { "" };
    let everybody = "[[rule]]\nname = 'all'\neffect = 'allow'\nwho = ['*']\non = ['*']";
    let everybody = if effect == "allow" { "" } else { everybody };
    let rules = policy(&format!(
        "{everybody}\n[[rule]]\nname = 'this'\neffect = '{effect}'\nwho = ['*']\non = ['*']\nwhen = \"{when}\"\n{with}"
    ));
    said(&verdict(&scope(&rules, &bot(), "shop"), &[operation]))
}

#[test]
fn a_fact_that_nobody_knows_allows_nothing_and_holds_and_forbids() {
    let table = [
        ("allow", Some(true), "allow this"),
        ("allow", Some(false), "deny 3001"),
        ("allow", None, "deny 3001"),
        ("approve", Some(true), "hold this"),
        ("approve", Some(false), "allow all"),
        ("approve", None, "hold this"),
        ("forbid", Some(true), "deny 3002 this"),
        ("forbid", Some(false), "allow all"),
        ("forbid", None, "deny 3002 this"),
    ];
    for (effect, no_where, expected) in table {
        assert_eq!(under(effect, "facts.no_where", write(no_where)), expected, "{effect}, {no_where:?}");
    }
    // what is not known is not false either
    for (effect, expected) in [("allow", "deny 3001"), ("approve", "hold this"), ("forbid", "deny 3002 this")] {
        assert_eq!(under(effect, "!facts.no_where", write(None)), expected, "{effect}");
    }
    // unless the rest decides alone, whichever side it stands on
    for when in
        ["facts.no_where || operation.action == 'tables.write'", "operation.action == 'tables.write' || facts.no_where"]
    {
        assert_eq!(under("allow", when, write(None)), "allow this", "{when}");
    }
    for when in ["facts.no_where && principal.name == 'ann'", "principal.name == 'ann' && facts.no_where"] {
        assert_eq!(under("forbid", when, write(None)), "allow all", "{when}");
    }
    assert_eq!(under("allow", "!has(facts.no_where)", write(None)), "allow this");
}

#[test]
fn a_condition_that_fails_denies_whatever_its_rule_would_do() {
    for effect in ["allow", "approve", "forbid"] {
        let when = "9223372036854775807 + size(principal.groups) > 0";
        assert_eq!(under(effect, when, write(None)), "deny 3015 this", "{effect}");
        // only where the rule would speak at all
        assert_eq!(
            under(effect, &format!("!facts.no_where && {when}"), write(Some(true))),
            match effect {
                "allow" => "deny 3001",
                _ => "allow all",
            }
        );
    }
    let rules = policy(
        "[[rule]]\nname = 'all'\neffect = 'allow'\nwho = ['*']\non = ['*']\n\
         [[rule]]\nname = 'odd'\neffect = 'forbid'\nwho = ['*']\non = ['*']\ndo = { effects = ['delete'] }\n\
         when = \"9223372036854775807 + size(principal.groups) > 0\"",
    );
    let scope = scope(&rules, &bot(), "shop");
    assert_eq!(said(&verdict(&scope, &[write(None)])), "allow all");
    let Verdict::Deny(denial) = verdict(&scope, &[message("tables.delete: delete public.a")]) else {
        panic!("its condition fails");
    };
    assert!(denial.message.starts_with("the condition of rule `odd` cannot be worked out: "), "{}", denial.message);
}

#[test]
fn a_condition_sees_who_asks_from_where_for_what_and_when() {
    let agent = person(Kind::Agent, "agent", "agent", &["ci", "bots"], Some("ann"));
    let operation = || {
        let operation = message("tables.write+tables.read: write public.a(x); read public.b(y)");
        operation.but(|deed| drop(deed.facts.insert("no_where", Fact::Flag(false))))
    };
    let holds = |who: &Principal, when: &str| {
        let rules =
            policy(&format!("[[rule]]\nname = 'this'\neffect = 'allow'\nwho = ['*']\non = ['*']\nwhen = \"{when}\"\n"));
        let situation = Situation { principal: who, ..situation() };
        matches!(scope(&rules, who, "shop").decide(&[operation()], &situation), Verdict::Allow(_))
    };
    let yes = [
        "principal.name == 'agent' && principal.kind == 'agent' && principal.acts_for == 'ann'",
        "principal.issuer == 'corp' && 'bots' in principal.groups && size(principal.groups) == 2",
        "client.address == '10.1.2.3' && client.address.within('10.0.0.0/8') && client.address.within('10.1.2.3')",
        "target.name == 'shop' && target.protocol == 'tables' && target.labels.env == 'prod' && 'env' in target.labels",
        "operation.action == 'tables.write' && operation.actions == ['tables.write', 'tables.read']",
        "operation.effects.exists(one, one == 'write') && operation.objects.all(one, one.startsWith('public.'))",
        "operation.objects.exists_one(one, one.matches('[.]a$')) && operation.objects.filter(one, one.endsWith('b')).size() == 1",
        "now == timestamp('2026-01-01T00:00:00Z') && now.getHours('Europe/Berlin') == 1 && now.getDayOfWeek() == 4",
        "now - duration('1h') < now && facts.no_where == false && (facts.no_where ? false : true)",
        "operation.effects.map(one, one + '!')[0] == 'write!' && target.labels['env'].contains('ro')",
    ];
    for when in yes {
        assert!(holds(&agent, when), "{when}");
        assert!(!holds(&agent, &format!("!({when})")), "{when}");
    }
    let no = [
        "client.address.within('10.1.2.4/31')",
        "client.address.within('::/0')",
        "target.labels.region == 'eu'",
        "principal.acts_for != 'ann'",
    ];
    for when in no {
        assert!(!holds(&agent, when), "{when}");
    }
    // a workload acts for nobody: that is not known, so it is neither equal nor different
    for when in ["principal.acts_for == 'ann'", "principal.acts_for != 'ann'"] {
        assert!(!holds(&bot(), when), "{when}");
    }
}

#[test]
fn an_address_in_the_guise_of_the_other_family_is_the_same_address() {
    let rules = policy(
        "[[rule]]\nname = 'this'\neffect = 'allow'\nwho = ['*']\non = ['*']\nwhen = \"client.address.within('10.0.0.0/8')\"\n",
    );
    let scope = scope(&rules, &bot(), "shop");
    for (client, expected) in [("::ffff:10.9.9.9", true), ("::ffff:11.9.9.9", false), ("2001:db8::1", false)] {
        let situation = Situation { client: client.parse().unwrap(), ..situation() };
        assert_eq!(matches!(scope.decide(&[write(None)], &situation), Verdict::Allow(_)), expected, "{client}");
        assert_eq!(scope.admits(&situation), expected, "{client}");
    }
}

#[test]
fn what_a_condition_rules_out_beforehand_is_not_implied_either() {
    let rules = policy(
        "[[rule]]\nname = 'this'\neffect = 'allow'\nwho = ['*']\non = ['*']\n\
         when = \"now < timestamp('2026-01-01T00:00:01Z') && !facts.no_where\"\n",
    );
    let scope = scope(&rules, &bot(), "shop");
    let begin = || message("tables.begin: session sys.begin");
    assert!(scope.admits(&situation()));
    assert_eq!(said(&verdict(&scope, &[begin()])), "allow");
    let later = Situation { now: NOW.after(std::time::Duration::from_secs(2)), ..situation() };
    assert!(!scope.admits(&later));
    assert_eq!(said(&scope.decide(&[begin()], &later)), "deny 3001");
}

#[test]
fn before_there_is_an_operation_nothing_about_it_is_known() {
    let admitted = |when: &str| {
        let rules =
            policy(&format!("[[rule]]\nname = 'this'\neffect = 'allow'\nwho = ['*']\non = ['*']\nwhen = \"{when}\"\n"));
        scope(&rules, &bot(), "shop").admits(&situation())
    };
    for when in [
        "has(facts.no_where)",
        "!has(facts.no_where)",
        "has(facts.no_where) && facts.no_where",
        "has(operation.action) && operation.action == 'tables.write'",
        "operation.objects.all(one, one == 'public.a')",
        "has(facts.no_where) ? facts.no_where : false",
    ] {
        assert!(admitted(when), "{when}");
        assert!(!admitted(&format!("({when}) && principal.name == 'ann'")), "{when}");
        assert!(!admitted(&format!("principal.name == 'ann' && ({when})")), "{when}");
    }
    // once there is one, what is not told of it is not there
    assert_eq!(under("allow", "has(facts.no_where)", write(None)), "deny 3001");
    assert_eq!(under("allow", "has(facts.no_where)", write(Some(false))), "allow this");
}

#[test]
fn a_list_that_is_too_long_is_not_known() {
    let table = |index: usize| message(&format!("tables.read: read public.t{index}(x)")).touches[0].clone();
    let operation = message("tables.read: read public.a(x)").but(|deed| deed.touches.extend((0..998).map(table)));
    let when = "operation.objects.all(one, one.startsWith('public.'))";
    assert_eq!(under("allow", when, operation.clone()), "allow this");
    let operation = operation.but(|deed| deed.touches.extend((2000..2002).map(table)));
    assert_eq!(under("allow", when, operation.clone()), "deny 3001");
    assert_eq!(under("forbid", &format!("!{when}"), operation), "deny 3002 this");
}
