"""Sources: Java's String, List and Map; LocalStack's validated tests of templates for how they print."""

from __future__ import annotations

import pytest

from windtunnel.apigateway.templates import Template
from windtunnel.apigateway.velocity import UNDEFINED, List, Map, Text, Undefined, plain, velocity_value


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$s.toString()", " Ada Lovelace "),
        ("$s.trim()", "Ada Lovelace"),
        ("$s.toLowerCase()|$s.toUpperCase()", " ada lovelace | ADA LOVELACE "),
        ("$s.length()", "14"),
        ("$s.isEmpty()", "false"),
        ("$s.contains('Ada') $s.startsWith('Ada') $s.trim().endsWith('lace')", "true false true"),
        ("$s.equals(' Ada Lovelace ') $s.equalsIgnoreCase(' ADA lovelace ') $s.equalsIgnoreCase(1)", "true true false"),
        ("$s.trim().concat('!')", "Ada Lovelace!"),
        ("$s.indexOf('a') $s.lastIndexOf('a') $s.indexOf('z')", "3 10 -1"),
        ("$s.trim().substring(4) $s.trim().substring(0, 3)", "Lovelace Ada"),
        ("$s.matches('.*Love.*') $s.matches('Love')", "true false"),
        ("$s.replace('a', 'o')", " Ado Loveloce "),
        ("$s.trim().replaceAll('(A)(d)', '$2$1')", "dAa Lovelace"),
        ("$s.replaceFirst('a', 'o')", " Ado Lovelace "),
        ("$s.trim().split(' ')", '["Ada","Lovelace"]'),
        ("$csv.split(',')", '["a","b"]'),
        ("$csv.split(',', 2)", '["a","b,,"]'),
        ("$s.trim().split()", '["Ada","Lovelace"]'),
        ("$l $l.size() $l.isEmpty() $l.get(0) $l[1] $l.contains(2)", '[1,2,{"a":null}] 3 false 1 2 true'),
        (
            "#set($x = $l.add(4))$l.size() #set($x = $l.addAll([5, 6]))$l.size() #set($x = $l.set(0, 9))$x $l[0]",
            "4 6 1 9",
        ),
        ("$m", "{a=1, b=true, c=null, d=[1]}"),
        ("$m.toString()", "{a=1, b=true, c=null, d=[1]}"),
        ("$m.a $m.b $m.c|$m.none|$m.none.deeper $m['a']", "1 true || 1"),
        (
            "$m.size() $m.isEmpty() $m.containsKey('a') $m.containsKey('z') $m.get('a') $m.get('z')|",
            "4 false true false 1 |",
        ),
        ("#foreach($k in $m.keySet())$k#if($foreach.hasNext),#end#end", "a,b,c,d"),
        (
            "#foreach($e in $m.entrySet())$e.key=$e.value;$e.getKey()=$e.getValue();#end",
            "a=1;a=1;b=true;b=true;c=;c=;d=[1];d=[1];",
        ),
        (
            "#set($x = $m.put('e', 5))$x|$m.e #set($x = $m.remove('e'))$x|$m.e#set($x = $m.putAll({'f': 6}))$m.f",
            "|5 5|6",
        ),
        ("#if($m.none)yes#{else}no#end #if(!$m.none)none#end #if($nothing)yes#{else}no#end", "no none no"),
        ("#if($m.c == $null)null#end #if($m.c == '')empty#end #if($m.a != '')full#end", "null empty full"),
        ("#set($t = 'abc')$t.toUpperCase() #set($o = {'k': 'v'})$o.keySet() $o.k.toUpperCase()", 'ABC ["k"] V'),
        ("$nothing.at.all()|$!nothing|${nothing}", "||"),
        ("#macro(hi $n)hi $n#end#hi('Ada')", "hi Ada"),
    ],
)  # fmt: skip
def test_templates_have_java_s_methods(template: str, expected: str) -> None:
    variables = {
        "s": velocity_value(" Ada Lovelace "),
        "csv": velocity_value("a,b,,"),
        "l": velocity_value([1, 2, {"a": None}]),
        "m": velocity_value({"a": 1, "b": True, "c": None, "d": [1]}),
    }

    assert Template(template).render(variables) == expected


def test_values_become_java_s_and_python_s_again() -> None:
    value = velocity_value({"a": [None, "x", (1, 2.5)], "b": {"c": True}})

    assert isinstance(value, Map)
    assert isinstance(value["a"], List)
    assert isinstance(value["a"][1], Text)
    assert velocity_value(value) is value
    assert plain(value) == {"a": [None, "x", [1, 2.5]], "b": {"c": True}}
    assert plain(UNDEFINED) is None
    assert plain({1}) == "{1}"


def test_what_is_not_there_is_false_and_equals_nothing() -> None:
    assert not UNDEFINED
    assert UNDEFINED == None  # noqa: E711
    assert UNDEFINED != "x"
    assert len({UNDEFINED, Undefined()}) == 1


def test_a_replacement_keeps_what_java_escapes() -> None:
    assert Text("a-b").replaceAll("-", r"\'") == "a'b"
    assert Text("a-b").replaceAll("-", r"\$1 \\ $0") == "a$1 \\ -b"
