//! What newer servers' grammar keeps apart from functions: the SQL/JSON constructors and queries, and `MERGE_ACTION`.
//!
//! Nothing in them runs code of users, unless the server is older and has a function of that name; what goes in comes out.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    JsonAggConstructor, JsonArgument, JsonBehavior, JsonExprOp, JsonFuncExpr, JsonTable, JsonValueExpr, Node,
};

use super::scope::{Item, Scope};
use super::source::Source;
use super::statement::Reader;

impl Reader<'_> {
    /// The value of a JSON expression; none where `node` is not one.
    pub(super) fn json(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Option<Source> {
        let mut source = self.json_alone(node, scope)?;
        // THREAT: a word that is a call of somebody's function to an older server
        if let Some(word) = word(node).filter(|word| self.names.catalog.has_own_function(word)) {
            source.unknown |= !self.touch_function(&[word]);
        }
        Some(source)
    }

    fn json_alone(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Option<Source> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the caller says what else there is")]
        let source = match node {
            NodeEnum::MergeSupportFunc(_) => Source::none(),
            NodeEnum::JsonValueExpr(value) => self.json_value(Some(value), scope),
            NodeEnum::JsonIsPredicate(test) => self.optional(test.expr.as_deref(), scope),
            NodeEnum::JsonParseExpr(parse) => self.json_value(parse.expr.as_deref(), scope),
            NodeEnum::JsonScalarExpr(scalar) => self.optional(scalar.expr.as_deref(), scope),
            NodeEnum::JsonSerializeExpr(serialize) => self.json_value(serialize.expr.as_deref(), scope),
            NodeEnum::JsonObjectConstructor(object) => self.values_of(&object.exprs, scope),
            NodeEnum::JsonArrayConstructor(array) => self.values_of(&array.exprs, scope),
            NodeEnum::JsonArrayQueryConstructor(array) => {
                let rows = self.query_in(array.query.as_deref(), scope);
                self.all(&rows)
            }
            NodeEnum::JsonKeyValue(pair) => {
                let mut source = self.optional(pair.key.as_deref(), scope);
                source.take_in(self.json_value(pair.value.as_deref(), scope));
                source
            }
            NodeEnum::JsonObjectAgg(object) => {
                self.json_aggregate(object.constructor.as_deref(), scope);
                let Some(pair) = object.arg.as_deref() else {
                    return Some(Source::none());
                };
                let mut source = self.optional(pair.key.as_deref(), scope);
                source.take_in(self.json_value(pair.value.as_deref(), scope));
                source
            }
            NodeEnum::JsonArrayAgg(array) => {
                self.json_aggregate(array.constructor.as_deref(), scope);
                self.json_value(array.arg.as_deref(), scope)
            }
            NodeEnum::JsonFuncExpr(function) => self.json_function(function, scope),
            NodeEnum::JsonArgument(argument) => self.json_argument(argument, scope),
            _ => return None,
        };
        Some(source)
    }

    fn json_value(&mut self, value: Option<&JsonValueExpr>, scope: &Scope<'_>) -> Source {
        let Some(value) = value else {
            return Source::none();
        };
        self.values_of(value.raw_expr.as_deref().into_iter().chain(value.formatted_expr.as_deref()), scope)
    }

    fn json_argument(&mut self, argument: &JsonArgument, scope: &Scope<'_>) -> Source {
        self.json_value(argument.val.as_deref(), scope)
    }

    fn json_behavior(&mut self, behavior: Option<&JsonBehavior>, scope: &Scope<'_>) -> Source {
        self.optional(behavior.and_then(|behavior| behavior.expr.as_deref()), scope)
    }

    fn json_aggregate(&mut self, aggregate: Option<&JsonAggConstructor>, scope: &Scope<'_>) {
        let Some(aggregate) = aggregate else {
            return;
        };
        if let Some(filter) = &aggregate.agg_filter {
            self.consult(filter, scope);
        }
        self.sorted_by(&aggregate.agg_order, scope);
        if let Some(window) = &aggregate.over {
            self.window(window, scope);
        }
    }

    fn json_function(&mut self, function: &JsonFuncExpr, scope: &Scope<'_>) -> Source {
        let mut source = self.json_value(function.context_item.as_deref(), scope);
        source.take_in(self.optional(function.pathspec.as_deref(), scope));
        source.take_in(self.values_of(&function.passing, scope));
        source.take_in(self.json_behavior(function.on_empty.as_deref(), scope));
        source.take_in(self.json_behavior(function.on_error.as_deref(), scope));
        source
    }

    /// `JSON_TABLE`: each of its columns may come from anything that goes in.
    pub(super) fn range_json(&mut self, table: &JsonTable, scope: &Scope<'_>) -> Item {
        let mut source = self.json_value(table.context_item.as_deref(), scope);
        source.take_in(self.values_of(&table.passing, scope));
        source.take_in(self.json_behavior(table.on_error.as_deref(), scope));
        let mut names = Vec::new();
        self.json_columns(&table.columns, scope, &mut names, &mut source);
        self.uniform("json_table", names, source, table.alias.as_ref())
    }

    fn json_columns(&mut self, columns: &[Node], scope: &Scope<'_>, names: &mut Vec<String>, source: &mut Source) {
        let is_nested = |column: &&Node| match &column.node {
            Some(NodeEnum::JsonTableColumn(column)) => !column.columns.is_empty(),
            Some(_) | None => false,
        };
        // those of a level stand before those that are nested in it, wherever they are written
        let (nested, own): (Vec<&Node>, Vec<&Node>) = columns.iter().partition(is_nested);
        for column in own.into_iter().chain(nested) {
            let Some(NodeEnum::JsonTableColumn(column)) = &column.node else {
                self.unreadable("a column of JSON_TABLE", column.node.as_ref());
                continue;
            };
            if column.columns.is_empty() {
                names.push(column.name.clone());
            }
            source.take_in(self.json_behavior(column.on_empty.as_deref(), scope));
            source.take_in(self.json_behavior(column.on_error.as_deref(), scope));
            self.json_columns(&column.columns, scope, names, source);
        }
    }
}

/// How an expression is written as a call.
fn word(node: &NodeEnum) -> Option<&'static str> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest are no words of their own")]
    match node {
        NodeEnum::JsonParseExpr(_) => Some("json"),
        NodeEnum::JsonScalarExpr(_) => Some("json_scalar"),
        NodeEnum::JsonSerializeExpr(_) => Some("json_serialize"),
        NodeEnum::JsonObjectConstructor(_) => Some("json_object"),
        NodeEnum::JsonArrayConstructor(_) | NodeEnum::JsonArrayQueryConstructor(_) => Some("json_array"),
        NodeEnum::JsonObjectAgg(_) => Some("json_objectagg"),
        NodeEnum::JsonArrayAgg(_) => Some("json_arrayagg"),
        NodeEnum::MergeSupportFunc(_) => Some("merge_action"),
        NodeEnum::JsonFuncExpr(function) => match function.op() {
            JsonExprOp::JsonQueryOp => Some("json_query"),
            JsonExprOp::JsonValueOp => Some("json_value"),
            JsonExprOp::JsonExistsOp => Some("json_exists"),
            JsonExprOp::JsonTableOp | JsonExprOp::Undefined => None,
        },
        _ => None,
    }
}
