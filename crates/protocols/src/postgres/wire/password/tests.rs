use super::super::Frontend;
use super::super::tests::frame;
use super::*;

fn answer(body: &[u8]) -> Password {
    match Frontend::decode(&frame(b'p', body)) {
        Ok(Frontend::Password(password)) => password,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_password_ends_with_its_zero() {
    let cases = [
        (&b"hunter2\0"[..], Ok(&b"hunter2"[..])),
        (b"\0", Ok(b"")),
        (b"", Err(WireError::Truncated { what: WHAT })),
        (b"hunter2", Err(WireError::Truncated { what: WHAT })),
        (b"hunter2\0\0", Err(WireError::Trailing { what: WHAT, count: 1 })),
    ];
    for (body, expected) in cases {
        assert_eq!(answer(body).cleartext(), expected.map(Bytes::copy_from_slice), "{body:?}");
    }
}

#[test]
fn a_first_step_of_sasl_is_read_whole() {
    let what = "sasl initial response";
    let step = |mechanism: &'static [u8], data: Option<&'static [u8]>| {
        let mechanism = Bytes::from_static(mechanism);
        Ok(SaslInitial { mechanism, data: data.map(Bytes::from_static) })
    };
    let cases: [(&[u8], Result<SaslInitial, WireError>); 9] = [
        (b"SCRAM-SHA-256\0\0\0\0\x03n,,", step(b"SCRAM-SHA-256", Some(b"n,,"))),
        (b"OAUTHBEARER\0\xff\xff\xff\xff", step(b"OAUTHBEARER", None)),
        (b"X\0\0\0\0\0", step(b"X", Some(b""))),
        (b"\0\0\0\0\0", Err(WireError::Malformed { what, field: "mechanism" })),
        (b"X\0\xff\xff\xff\xfe", Err(WireError::Malformed { what, field: "value length" })),
        (b"X\0\x7f\xff\xff\xffabc", Err(WireError::Truncated { what })),
        (b"X\0\0\0\0\x02abc", Err(WireError::Trailing { what, count: 1 })),
        (b"X\0\0\0", Err(WireError::Truncated { what })),
        (b"X", Err(WireError::Truncated { what })),
    ];
    for (body, expected) in cases {
        assert_eq!(answer(body).sasl_initial(), expected, "{body:?}");
    }
}

#[test]
fn what_is_written_is_read() {
    let written = |write: &dyn Fn(&mut BytesMut) -> Result<(), WireError>| {
        let mut out = BytesMut::new();
        write(&mut out).unwrap();
        answer(&out[5..])
    };
    let password = written(&|out| encode_password(b"hunter2", out));
    assert_eq!(password.cleartext(), Ok(Bytes::from_static(b"hunter2")));

    let initial = written(&|out| encode_sasl_initial(b"SCRAM-SHA-256", Some(b"n,,"), out));
    let initial = initial.sasl_initial().unwrap();
    assert_eq!(initial.mechanism, &b"SCRAM-SHA-256"[..]);
    assert_eq!(initial.data, Some(Bytes::from_static(b"n,,")));

    let response = written(&|out| encode_sasl_response(b"c=biws\0", out));
    assert_eq!(response.sasl_response(), &b"c=biws\0"[..]);

    let mut out = BytesMut::new();
    assert!(encode_sasl_initial(b"", None, &mut out).is_err());
    assert!(encode_sasl_initial(b"A\0B", None, &mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn a_secret_is_never_printed() {
    let body = b"PLAIN\0\0\0\0\x07hunter2";
    let printed = format!("{:?} {:?}", answer(body), answer(body).sasl_initial());
    assert_eq!(printed, r#"[secret] Ok(SaslInitial(b"PLAIN", [secret]))"#);
}
