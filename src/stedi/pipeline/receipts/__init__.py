"""Receipts of erasures: the signed chain of them that a lake keeps."""
