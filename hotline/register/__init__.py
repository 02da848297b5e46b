"""The register of insured persons comes from files of the fund: reading, checking and merging them."""
