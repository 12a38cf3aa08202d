//! One small mistake in a rule each.

use super::{PEOPLE, REST, TARGETS, printed};

// What is no rule, or no key of one.
diagnostics! {
    no_toml, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads
"#;
    a_table_that_is_a_list, [REST, PEOPLE, TARGETS], r#"
[rule]
name = "reads"
"#;
    an_unknown_table, [REST, PEOPLE, TARGETS], r#"
[[rules]]
name = "reads"
"#;
    an_unknown_key, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
efect = "allow"
who = ["*"]
on = ["*"]
"#;
    an_unknown_key_that_is_like_nothing, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
priority = 10
"#;
    an_unknown_value, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "alow"
who = ["*"]
on = ["*"]
"#;
    what_a_rule_needs, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
"#;
    a_string_that_is_a_number, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = 7
effect = "allow"
who = ["*"]
on = ["*"]
"#;
    a_flag_that_is_a_string, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
implied = "no"
"#;
    a_table_that_is_a_string, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
do = "read"
"#;
    two_rules_of_a_name, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["group:ci"]
on = ["*"]

[[rule]]
name = "reads"
effect = "allow"
who = ["group:staff"]
on = ["*"]
"#;
}

// Whom a rule names.
diagnostics! {
    somebody_without_a_word, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["ci"]
on = ["*"]
"#;
    a_principal_that_nobody_is, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["principal:deploybot"]
on = ["*"]
"#;
    a_group_that_nobody_is_in, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["group:deployer"]
on = ["*"]
"#;
    a_group_that_nobody_could_be_in, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["group:contractors"]
on = ["*"]
"#;
    a_kind_that_is_none, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["kind:robot"]
on = ["*"]
"#;
    a_kind_that_nobody_is, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["kind:agent"]
on = ["*"]
"#;
    nobody_to_forbid_it_to_yet, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "no-agents"
effect = "forbid"
who = ["kind:agent"]
on = ["*"]
"#;
    nobody_at_all, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = []
on = ["*"]
"#;
    somebody_twice, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["group:ci", "group:staff", "group:ci"]
on = ["*"]
"#;
}

// What a rule is on, and what it is about.
diagnostics! {
    a_target_that_is_not_there, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["target:order"]
"#;
    a_target_without_a_word, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["orders"]
"#;
    a_label_that_no_target_has, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["label:env=prd"]
"#;
    a_protocol_of_a_later_version, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["protocol:mysql"]
"#;
    an_action_of_a_later_version, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "loads"
effect = "allow"
who = ["*"]
on = ["*"]
do = { actions = ["mysql.load_file"] }
"#;
    actions_of_a_later_version_forbidden, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "never"
effect = "forbid"
who = ["*"]
on = ["*"]
do = { actions = ["postgres.copy_program", "mysql.load_file", "ssh.forward"] }
"#;
    an_action_that_is_none, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "never"
effect = "forbid"
who = ["*"]
on = ["*"]
do = { actions = ["postgres.copy_programme"] }
"#;
    an_effect_that_is_none, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
do = { effects = ["raed", "everything"] }
"#;
    an_object_with_too_few_parts, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
do = { objects = ["customers"] }
"#;
    an_object_with_too_many_parts, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
do = { objects = ["shop.public.customers.email"] }
"#;
    a_brace_that_never_closes, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
do = { objects = ["public.{customers,orders"] }
"#;
    a_database_that_no_target_opens, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["target:orders"]
do = { objects = ["stat/public.*"] }
"#;
    a_database_of_another_target, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["target:lab"]
do = { objects = ["lab/public.*", "shop/public.*"] }
"#;
}

// When a rule speaks, and on what terms.
diagnostics! {
    a_condition_that_cannot_be_read, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
when = "facts.no_where and true"
"#;
    a_fact_that_is_none, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
when = "!facts.nowhere"
"#;
    a_condition_that_is_never_true, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
when = "facts.no_where && 1 > 2"
"#;
    a_condition_that_is_always_true, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
when = "true || facts.no_where"
"#;
    a_condition_on_other_targets, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["target:orders"]
when = "target.labels.env == 'dev' && client.address.within('10.0.0.0/8')"
"#;
    a_word_that_nothing_says, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
when = "principal.kind == 'person' || operation.action in ['postgres.selct']"
"#;
    a_network_that_is_none, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
when = "client.address.within('10.0.0.0/33')"
"#;
    an_approval_by_nobody, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "asks"
effect = "approve"
who = ["*"]
on = ["*"]
"#;
    an_approval_by_a_machine, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "asks"
effect = "approve"
who = ["*"]
on = ["*"]
with = { approvers = ["kind:workload"], count = 0 }
"#;
    a_time_without_a_unit, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "asks"
effect = "approve"
who = ["*"]
on = ["*"]
with = { approvers = ["group:dba"], expires = 15, reuse = "15" }
"#;
    a_time_in_another_unit, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "asks"
effect = "approve"
who = ["*"]
on = ["*"]
with = { approvers = ["group:dba"], expires = "1w" }
"#;
    terms_that_ask_nobody, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
with = { approvers = ["group:dba"] }
"#;
}

// Rules that others leave nothing to say.
diagnostics! {
    an_allow_that_is_forbidden, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "ci-reads"
effect = "allow"
who = ["group:ci"]
on = ["target:orders"]
do = { effects = ["read"], objects = ["public.*"] }

[[rule]]
name = "lockdown"
effect = "forbid"
who = ["*"]
on = ["label:env=prod"]
"#;
    an_approve_that_is_forbidden, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "asks"
effect = "approve"
who = ["group:ci"]
on = ["*"]
do = { effects = ["delete"], objects = ["public.orders"] }
with = { approvers = ["group:dba"] }

[[rule]]
name = "no-changes"
effect = "forbid"
who = ["*"]
on = ["*"]
do = { effects = ["write", "delete"] }
"#;
    an_allow_that_waits_for_a_human, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "asks"
effect = "approve"
who = ["*"]
on = ["*"]
do = { effects = ["write", "delete"] }
with = { approvers = ["group:dba"] }

[[rule]]
name = "ci-writes"
effect = "allow"
who = ["principal:deploy-bot"]
on = ["target:lab"]
do = { effects = ["write"] }
"#;
    a_rule_that_says_nothing_new, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
do = { effects = ["read"] }

[[rule]]
name = "ci-reads"
effect = "allow"
who = ["group:ci"]
on = ["target:orders"]
do = { effects = ["read"], objects = ["public.*"] }
"#;
    the_same_rule_twice, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "one"
effect = "forbid"
who = ["group:ci"]
on = ["*"]
when = "facts.no_where"

[[rule]]
name = "two"
effect = "forbid"
who = ["group:ci"]
on = ["*"]
when = "facts.no_where"
"#;
    rules_that_only_overlap, [REST, PEOPLE, TARGETS], r#"
[[rule]]
name = "reads"
effect = "allow"
who = ["*"]
on = ["*"]
do = { effects = ["read"] }

[[rule]]
name = "no-cards"
effect = "forbid"
who = ["*"]
on = ["*"]
do = { objects = ["public.cards.{number,cvc}"] }

[[rule]]
name = "by-night"
effect = "forbid"
who = ["*"]
on = ["*"]
when = "now.getHours() < 6"
"#;
}
