//! What a rule or a mask names, beside what there is.

use super::*;
use crate::operation::{Column, Object};
use crate::policy::references::{Holdings, Reference};

/// A shop and its statistics.
fn holdings() -> Holdings {
    let object = |space: &str, path: &str| Object::at(path.split('.')).within(space);
    let tables =
        [("shop", "public.customers"), ("shop", "public.orders"), ("shop", "sales.leads"), ("stats", "public.daily")];
    let columns = tables.iter().flat_map(|(space, path)| {
        ["id", "email", "phone"].map(|name| Column { object: object(space, path), name: name.into() })
    });
    let mut objects: Vec<Object> = tables.iter().map(|(space, path)| object(space, path)).collect();
    objects.extend(["public", "sales", "public.reveal"].map(|path| object("shop", path)));
    Holdings { objects, columns: columns.collect() }
}

fn references(text: &str) -> Vec<Reference> {
    let columns = text.split(' ').filter(|text| text.contains('#')).map(|text| text.replace('#', ""));
    let objects = text.split(' ').filter(|text| !text.contains('#'));
    let list = |all: Vec<String>| all.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ");
    let (columns, objects) = (list(columns.collect()), list(objects.map(str::to_owned).collect()));
    let mut rules = String::new();
    if !columns.is_empty() {
        rules.push_str(&format!("[[mask]]\nname = \"m\"\ncolumns = [{columns}]\nkind = \"fixed\"\n"));
    }
    if !objects.is_empty() {
        rules.push_str(&format!(
            "[[rule]]\nname = \"r\"\neffect = \"allow\"\nwho = [\"*\"]\non = [\"*\"]\ndo = {{ objects = [{objects}] }}\n"
        ));
    }
    let policy = policy(&rules);
    let shop = policy.targets.values().find(|one| one.name.as_str() == "shop").unwrap();
    policy.written.references.into_iter().filter(|one| one.is_about(shop)).collect()
}

#[test]
fn a_name_of_nothing_is_told_from_one_of_something() {
    let holdings = holdings();
    let cases: &[(&str, &str)] = &[
        ("*", "there"),
        ("public.*", "there"),
        ("*.orders", "there"),
        ("public.customers", "there"),
        ("public.customers.email", "there"),
        ("public.{customers,orders}.{id,email}", "there"),
        ("public.reveal", "there"),
        ("shop/public.orders", "there"),
        ("#public.customers.email", "there"),
        ("#*.*.phone", "there"),
        ("#public.*.{id,email}", "there"),
        ("public.costumers", "public.customers"),
        ("publik.orders", "public.orders"),
        ("public.leads", "sales.leads"),
        ("public.daily.emial", "public.daily.email"),
        ("public.unheard", "nothing"),
        ("unheard.*", "nothing"),
        ("public.unheard*", "nothing"),
        ("shop/public.daily", "nothing"),
        ("stats/public.dialy", "stats/public.daily"),
        ("public.customers.unheard", "nothing"),
        ("#public.customers.emial", "public.customers.email"),
        ("#public.custmers.email", "public.customers.email"),
        ("#public.leads.email", "sales.leads.email"),
        ("#sales.leads.{email,phnoe}", "sales.leads.phone"),
        ("#*.*.ssn", "nothing"),
        ("#*.*.emial", "nothing"),
        ("#public.reveal.email", "nothing"),
    ];
    for (text, expected) in cases {
        let said: Vec<String> = references(text)
            .iter()
            .filter(|one| !one.is_met(&holdings))
            .map(|one| one.meant(&holdings).unwrap_or_else(|| "nothing".to_owned()))
            .collect();
        let said = if said.is_empty() { vec!["there".to_owned()] } else { said };
        assert_eq!(said, [*expected], "{text}");
    }
}

#[test]
fn a_reference_is_written_as_it_was_read() {
    for text in ["public.customers", "shop/public.*", "*.*", "public.customers.email", "#public.*.email", "#shop/a.b.*"]
    {
        assert_eq!(references(text)[0].to_string(), text.replace('#', ""));
    }
}
