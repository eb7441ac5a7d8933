"""XLSX workbooks: one sheet a record, columns from the declarations, read and planned before written."""
