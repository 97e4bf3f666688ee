def test_the_copy_is_what_runs(house):
    house.replace("__init__.py", '__version__ = "0.1.0"', '__version__ = "9.9.9"')
    assert "9.9.9" in house.run("--version").stdout
