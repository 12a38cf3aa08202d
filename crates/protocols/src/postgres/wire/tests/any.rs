//! Any message that has a meaning, for property tests.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::*;

/// Any bytes, fewer than `most`.
pub(in super::super) fn bytes(most: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..most).prop_map(Bytes::from)
}

/// Bytes that may stand in a string: no zero among them.
pub(in super::super) fn string() -> impl Strategy<Value = Bytes> {
    vec(1_u8.., 0..12).prop_map(Bytes::from)
}

fn name() -> impl Strategy<Value = Bytes> {
    vec(1_u8.., 1..12).prop_map(Bytes::from)
}

fn format() -> impl Strategy<Value = i16> {
    prop_oneof![Just(TEXT), Just(BINARY)]
}

fn formats() -> impl Strategy<Value = Vec<i16>> {
    vec(format(), 0..4)
}

fn oids() -> impl Strategy<Value = Vec<u32>> {
    vec(any::<u32>(), 0..4)
}

/// The cells of a row.
pub(in super::super) fn cells() -> impl Strategy<Value = Vec<Option<Bytes>>> {
    vec(option::of(bytes(10)), 0..6)
}

fn named() -> impl Strategy<Value = Named> {
    prop_oneof![Just(Named::Statement), Just(Named::Portal)]
}

/// Values, and formats for them: none, one for all, or one for each.
fn formatted() -> impl Strategy<Value = (Vec<i16>, Vec<Option<Bytes>>)> {
    let formats_of =
        |count: usize| prop_oneof![Just(0), Just(1), Just(count)].prop_flat_map(|count| vec(format(), count));
    cells().prop_flat_map(move |cells| (formats_of(cells.len()), Just(cells)))
}

fn function_call() -> impl Strategy<Value = Frontend> {
    (any::<u32>(), formatted(), format()).prop_map(|(function, (formats, arguments), result)| Frontend::FunctionCall {
        function,
        formats,
        arguments,
        result,
    })
}

fn bind() -> impl Strategy<Value = Frontend> {
    (string(), string(), formatted(), formats()).prop_map(
        |(portal, statement, (parameter_formats, parameters), result_formats)| Frontend::Bind {
            portal,
            statement,
            parameter_formats,
            parameters,
            result_formats,
        },
    )
}

/// Messages of a client whose end their own fields tell.
pub(in super::super) fn delimited_frontend() -> impl Strategy<Value = Frontend> {
    prop_oneof![
        string().prop_map(|text| Frontend::Query { text }),
        (string(), string(), oids()).prop_map(|(name, text, types)| Frontend::Parse { name, text, types }),
        bind(),
        function_call(),
        (named(), string()).prop_map(|(kind, name)| Frontend::Describe { kind, name }),
        (named(), string()).prop_map(|(kind, name)| Frontend::Close { kind, name }),
        (string(), any::<i32>()).prop_map(|(portal, max_rows)| Frontend::Execute { portal, max_rows }),
        string().prop_map(|message| Frontend::CopyFail { message }),
        Just(Frontend::Flush),
        Just(Frontend::Sync),
        Just(Frontend::CopyDone),
        Just(Frontend::Terminate),
    ]
}

/// Any message of a client that may be written.
pub(in super::super) fn frontend() -> impl Strategy<Value = Frontend> {
    prop_oneof![
        8 => delimited_frontend(),
        1 => bytes(20).prop_map(Frontend::CopyData),
        1 => bytes(20).prop_map(|body| Frontend::Password(Password(body))),
    ]
}

fn key() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), startup::KEY_LENGTHS).prop_map(Bytes::from)
}

fn field() -> impl Strategy<Value = Field> {
    let origin = (any::<u32>(), any::<i16>());
    let kind = (any::<u32>(), any::<i16>(), any::<i32>(), format());
    (string(), origin, kind).prop_map(|(name, (table_oid, attribute), (type_oid, type_size, type_modifier, format))| {
        Field { name, table_oid, attribute, type_oid, type_size, type_modifier, format }
    })
}

/// Any error or notice.
pub(in super::super) fn report() -> impl Strategy<Value = Report> {
    vec((1_u8.., string()), 0..6).prop_map(|fields| Report { fields })
}

fn delimited_authentication() -> impl Strategy<Value = Authentication> {
    prop_oneof![
        Just(Authentication::Ok),
        Just(Authentication::CleartextPassword),
        any::<[u8; 4]>().prop_map(|salt| Authentication::Md5 { salt }),
        vec(name(), 0..4).prop_map(|mechanisms| Authentication::Sasl { mechanisms }),
    ]
}

fn status() -> impl Strategy<Value = TransactionStatus> {
    prop_oneof![Just(TransactionStatus::Idle), Just(TransactionStatus::InTransaction), Just(TransactionStatus::Failed),]
}

fn copy_response() -> impl Strategy<Value = Backend> {
    (0..=1_u8, formats(), 0..3).prop_map(|(overall, formats, way)| match way {
        0 => Backend::CopyInResponse { overall, formats },
        1 => Backend::CopyOutResponse { overall, formats },
        _ => Backend::CopyBothResponse { overall, formats },
    })
}

/// Messages of a server whose end their own fields tell.
pub(in super::super) fn delimited_backend() -> impl Strategy<Value = Backend> {
    let signals = prop_oneof![
        Just(Backend::EmptyQueryResponse),
        Just(Backend::ParseComplete),
        Just(Backend::BindComplete),
        Just(Backend::CloseComplete),
        Just(Backend::NoData),
        Just(Backend::PortalSuspended),
        Just(Backend::CopyDone),
    ];
    prop_oneof![
        delimited_authentication().prop_map(Backend::Authentication),
        (string(), string()).prop_map(|(name, value)| Backend::ParameterStatus { name, value }),
        status().prop_map(|status| Backend::ReadyForQuery { status }),
        vec(field(), 0..5).prop_map(Backend::RowDescription),
        string().prop_map(|tag| Backend::CommandComplete { tag }),
        report().prop_map(Backend::ErrorResponse),
        report().prop_map(Backend::NoticeResponse),
        oids().prop_map(Backend::ParameterDescription),
        copy_response(),
        (any::<i32>(), string(), string())
            .prop_map(|(process, channel, payload)| { Backend::NotificationResponse { process, channel, payload } }),
        (any::<u16>(), any::<u16>(), vec(string(), 0..4))
            .prop_map(|(major, minor, unknown)| { Backend::NegotiateProtocolVersion { major, minor, unknown } }),
        signals,
    ]
}

/// Any message of a server.
pub(in super::super) fn backend() -> impl Strategy<Value = Backend> {
    let known = [0, 3, 5, 10, 11, 12];
    let others = any::<u32>().prop_filter("known", move |code| !known.contains(code));
    prop_oneof![
        12 => delimited_backend(),
        1 => (any::<i32>(), key())
            .prop_map(|(process, key)| Backend::BackendKeyData { process, key }),
        1 => bytes(20).prop_map(Backend::DataRow),
        1 => bytes(20).prop_map(Backend::CopyData),
        1 => bytes(20).prop_map(|data| Backend::Authentication(Authentication::SaslContinue(data))),
        1 => bytes(20).prop_map(|data| Backend::Authentication(Authentication::SaslFinal(data))),
        1 => others.prop_map(|code| Backend::Authentication(Authentication::Other(code))),
    ]
}

/// Any packet that opens a connection.
pub(in super::super) fn startup() -> impl Strategy<Value = Startup> {
    let parameters = prop::collection::btree_map("[^\0]{1,8}", "[^\0]{0,12}", 0..5);
    prop_oneof![
        Just(Startup::Ssl),
        Just(Startup::GssEnc),
        (any::<i32>(), key()).prop_map(|(process, key)| Startup::Cancel { process, key }),
        (any::<u16>(), parameters).prop_map(|(minor, parameters)| Startup::Open {
            major: startup::MAJOR,
            minor,
            parameters: parameters.into_iter().collect(),
        }),
    ]
}
