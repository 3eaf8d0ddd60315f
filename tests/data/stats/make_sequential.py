"""Makes edetector.json, classic.json and streams.json from a folder of expected values: make_sequential.py FOLDER.

edetector.json is the NumPy reference of the e-detector (numpy 2.1.3, scipy 1.14.1); classic.json has exact average run lengths
(Fredholm equation, scipy 1.14.1), Montgomery's printed table and the alarms of river 0.23.0; streams.json has the streams these
were raised on. Numbers are copied digit by digit; alarms of other detectors than ours are left out. Standard library only."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
OURS = ("river.ADWIN", "river.PageHinkley", "ADWIN trace")


def write(name, provenance, content):
    rows = [f'{json.dumps(key)}: {json.dumps(value)}' for key, value in content.items()]
    text = ",\n".join([f'"provenance": {json.dumps("make_sequential.py; " + provenance)}'] + rows)
    (HERE / name).write_text("{" + text + "}\n", encoding="utf-8")


def main():
    folder = pathlib.Path(sys.argv[1])
    cases = json.loads((folder / "spec_vectors.json").read_text())["e_detector"]
    write("edetector.json", "numpy 2.1.3, scipy 1.14.1", {"cases": cases})
    alarms = json.loads((folder / "other/streams/expected_alarms.json").read_text())
    kept = {stream: {k: v for k, v in found.items() if k.startswith(OURS)} for stream, found in alarms.items()}
    content = json.loads((folder / "arl_tables.json").read_text())
    content["alarms"] = kept
    content["adwin_false_alarms"] = json.loads((folder / "other/adwin_false_alarms.json").read_text())
    write("classic.json", "run lengths by scipy 1.14.1, alarms of river 0.23.0", content)
    streams = {name: [json.loads(line) for line in (folder / f"other/streams/{name}.csv").read_text().split()]
               for name in alarms}
    write("streams.json", "test streams of river 0.23.0 and two made with numpy 2.1.3", streams)


main()
